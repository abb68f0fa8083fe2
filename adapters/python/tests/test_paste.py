import pathlib
import tempfile
import unittest

import support
from solgate.paste import filter_factory
from support import INSTANCE, Response, environ, instantiated


class PasteTest(unittest.TestCase):
    @support.needs_library
    def test_the_filter_has_the_settings_of_its_file(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "solgate-gate.yaml")
            config.write_text('set: {supportedVersions: ["3.0.0"]}')
            make = filter_factory({}, config=str(config), library=support.LIBRARY)
        response = Response(make(instantiated()), environ("GET", INSTANCE))
        self.assertEqual(response.status, 406)

    @support.needs_library
    def test_without_a_file_the_built_in_policy_judges(self):
        make = filter_factory({}, library=support.LIBRARY)
        response = Response(make(instantiated()), environ("GET", INSTANCE))
        self.assertEqual(response.status, 200)

    def test_a_file_that_is_missing_is_an_error_at_once(self):
        with self.assertRaises(FileNotFoundError):
            filter_factory({}, config="/nowhere/solgate-gate.yaml")

    def test_an_option_that_does_not_exist_is_an_error(self):
        with self.assertRaises(TypeError):
            filter_factory({}, configuration="/etc/solgate-gate.yaml")


if __name__ == "__main__":
    unittest.main()
