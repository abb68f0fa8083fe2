import io
import json
import os
import pathlib
import tempfile
import unittest
import warnings
from unittest import mock
from wsgiref.validate import validator

import support
from solgate.wsgi import GateMiddleware
from support import INSTANCE, OPERATION, TERMINATE, Response, environ, instantiated

RETRY = f"{OPERATION}/retry"


def gated(app, configuration="", **arguments):
    return GateMiddleware(app, configuration, library=support.LIBRARY, **arguments)


def operation(state):
    return {
        "id": "1",
        "vnfInstanceId": "1",
        "operation": "HEAL",
        "operationState": state,
    }


@support.needs_library
class VerdictTest(unittest.TestCase):
    def test_a_request_that_is_admitted_reaches_the_application_as_it_is(self):
        vnfm = instantiated()
        given = environ("POST", f"{INSTANCE}/terminate", TERMINATE)
        response = Response(gated(vnfm), given)
        self.assertEqual((response.status, response.body), (202, b""))
        ((received, body),) = vnfm.dispatched()
        self.assertEqual(body, TERMINATE)
        self.assertEqual(received["CONTENT_LENGTH"], str(len(TERMINATE)))

    def test_a_request_that_is_refused_does_not_reach_the_application(self):
        vnfm = instantiated()
        given = environ("POST", f"{INSTANCE}/terminate", b'{"terminationType": ')
        response = Response(gated(vnfm), given)
        self.assertEqual(response.status, 400)
        self.assertEqual(response.fields["content-type"], "application/problem+json")
        self.assertEqual(response.fields["content-length"], str(len(response.body)))
        self.assertEqual(vnfm.received, [])

    def test_the_answer_to_head_has_no_body(self):
        vnfm = instantiated()
        response = Response(gated(vnfm), environ("HEAD", INSTANCE, HTTP_VERSION=None))
        self.assertEqual((response.status, response.body), (405, b""))
        self.assertEqual(vnfm.received, [])

    def test_every_decision_is_a_line_for_a_log(self):
        with self.assertLogs("solgate.decisions", "INFO") as log:
            Response(gated(instantiated()), environ("DELETE", f"{INSTANCE}/scale"))
        decision = json.loads(log.records[0].getMessage())
        self.assertEqual((decision["verdict"], decision["status"]), ("deny", 405))

    def test_warnings_join_the_application_s_answer(self):
        app = gated(instantiated())
        response = Response(app, environ("GET", INSTANCE, HTTP_ACCEPT=None))
        self.assertEqual(response.status, 200)
        self.assertIn("header.accept.required", response.fields["warning"])
        self.assertEqual(response.fields["content-type"], "application/json")

    def test_an_error_of_the_application_is_the_application_s(self):
        def fails(given, start_response):
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            Response(gated(fails), environ("GET", INSTANCE))

    def test_an_answer_that_turns_out_wrong_is_replaced(self):
        seen = []

        def corrects_itself(given, start_response):
            start_response("200 OK", [])
            try:
                raise ZeroDivisionError
            except ZeroDivisionError as error:
                info = (type(error), error, None)
                start_response("500 Internal Server Error", [], info)
            return [b"sorry"]

        def start_response(status, headers, exc_info=None):
            self.assertIn("Warning", str(headers).title())
            seen.append((status[:3], exc_info and exc_info[0]))

        # Without Accept there is a warning to add.
        given = environ("GET", INSTANCE, HTTP_ACCEPT=None)
        gated(corrects_itself)(given, start_response)
        self.assertEqual(seen, [("200", None), ("500", ZeroDivisionError)])

    def test_the_middleware_keeps_to_the_rules_of_wsgi(self):
        def vnfm(given, start_response):
            length = int(given.get("CONTENT_LENGTH") or 0)
            body = given["wsgi.input"].read(length)
            answer = {"id": "1", "instantiationState": "INSTANTIATED"}
            if given["PATH_INFO"].endswith("vnf_lcm_op_occs"):
                answer = []
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(answer).encode(), body]

        app = validator(gated(validator(vnfm)))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for body, status in ((TERMINATE, 200), (b"{", 400)):
                given = environ("POST", f"{INSTANCE}/terminate", body)
                self.assertEqual(Response(app, given).status, status)


@support.needs_library
class FactsTest(unittest.TestCase):
    def retry(self, vnfm, **arguments):
        return Response(gated(vnfm, **arguments), environ("POST", RETRY))

    def test_the_application_is_asked(self):
        for state, status in (("FAILED_TEMP", 202), ("COMPLETED", 409)):
            vnfm = support.Vnfm(vnf_lcm_op_occs=operation(state))
            self.assertEqual(self.retry(vnfm).status, status)

    def test_a_question_has_its_own_fields_and_no_body(self):
        vnfm = instantiated()
        given = environ(
            "POST",
            f"{INSTANCE}/terminate",
            TERMINATE,
            HTTP_AUTHORIZATION="Bearer abc",
            HTTP_IF_MATCH='"1"',
            HTTP_X_FORWARDED_FOR="192.0.2.9",
            HTTP_HOST="vnfm.example",
            REMOTE_USER="operator",
            RAW_URI=f"{INSTANCE}/terminate",
        )
        Response(gated(vnfm), given)
        asked, body = vnfm.received[0]
        self.assertEqual((asked["REQUEST_METHOD"], body), ("GET", b""))
        self.assertEqual(asked["HTTP_AUTHORIZATION"], "Bearer abc")
        self.assertEqual(asked["HTTP_HOST"], "vnfm.example")
        self.assertEqual(asked["REMOTE_USER"], "operator")
        self.assertTrue(asked["RAW_URI"].startswith(asked["PATH_INFO"]))
        for absent in ("HTTP_IF_MATCH", "HTTP_X_FORWARDED_FOR", "CONTENT_LENGTH"):
            self.assertNotIn(absent, asked)

    def test_an_application_is_asked_below_its_mount_point(self):
        vnfm = support.Vnfm(vnf_lcm_op_occs=operation("COMPLETED"))
        mount = "/vnflcm/v2"

        def mounted(given, start_response):
            self.assertEqual(given["SCRIPT_NAME"], mount)
            unmounted = {**given, "PATH_INFO": mount + given["PATH_INFO"]}
            return vnfm(unmounted, start_response)

        path = RETRY[len(mount) :]
        given = environ("POST", path, SCRIPT_NAME=mount, RAW_URI=RETRY)
        self.assertEqual(Response(gated(mounted), given).status, 409)

    def test_an_application_that_fails_has_not_answered(self):
        def fails(given, start_response):
            raise ZeroDivisionError

        with self.assertLogs("solgate", "ERROR"):
            response = self.retry(fails)
        self.assertEqual(response.status, 503)
        self.assertIn("retry-after", response.fields)

    def test_an_answer_is_closed(self):
        closed = []

        class Closing(list):
            def close(self):
                closed.append(True)

        def vnfm(given, start_response):
            start_response("200 OK", [("Content-Type", "application/json")])
            return Closing([json.dumps(operation("COMPLETED")).encode()])

        self.assertEqual(self.retry(vnfm).status, 409)
        self.assertEqual(closed, [True])

    def test_an_answer_may_be_written(self):
        def vnfm(given, start_response):
            write = start_response("200 OK", [("Content-Type", "application/json")])
            write(json.dumps(operation("COMPLETED")).encode())
            return []

        self.assertEqual(self.retry(vnfm).status, 409)

    def test_the_embedder_can_ask_in_its_own_way(self):
        asked = []

        def facts(question, given):
            asked.append((question.target, given["REQUEST_METHOD"]))
            return None

        vnfm = instantiated()
        self.assertEqual(self.retry(vnfm, facts=facts).status, 503)
        self.assertEqual(asked, [(OPERATION, "POST")])
        self.assertEqual(vnfm.received, [])


@support.needs_library
class BodyTest(unittest.TestCase):
    path = f"{INSTANCE}/terminate"

    def post(self, vnfm, body, **entries):
        return Response(gated(vnfm), environ("POST", self.path, body, **entries))

    def chunked(self, vnfm, body, **entries):
        entries = {"HTTP_TRANSFER_ENCODING": "chunked", **entries}
        return self.post(vnfm, body, CONTENT_LENGTH=None, **entries)

    def padded(self, size):
        empty = len(json.dumps({"terminationType": "FORCEFUL", "additionalParams": ""}))
        params = {"a": "x" * (size - empty - 7)}
        body = {"terminationType": "FORCEFUL", "additionalParams": params}
        return json.dumps(body).encode().ljust(size)

    def test_a_body_at_the_limit_arrives_whole(self):
        vnfm = instantiated()
        body = self.padded(1 << 20)
        self.assertEqual(self.post(vnfm, body).status, 202)
        self.assertEqual(vnfm.dispatched()[0][1], body)

    def test_a_body_above_the_limit_is_refused_before_it_is_read(self):
        vnfm = instantiated()
        body = io.BytesIO(self.padded(3 << 20))
        length = {"CONTENT_LENGTH": str(3 << 20), "wsgi.input": body}
        self.assertEqual(self.post(vnfm, b"-", **length).status, 413)
        self.assertEqual(body.tell(), (1 << 20) + 1)
        self.assertEqual(vnfm.received, [])

    def test_chunks_that_the_server_undoes_become_a_body_with_a_length(self):
        for mark in ("wsgi.input_terminated", "eventlet.input"):
            vnfm = instantiated()
            response = self.chunked(vnfm, TERMINATE, **{mark: True})
            self.assertEqual(response.status, 202)
            ((received, body),) = vnfm.dispatched()
            self.assertEqual(body, TERMINATE)
            self.assertEqual(received["CONTENT_LENGTH"], str(len(TERMINATE)))
            self.assertNotIn("HTTP_TRANSFER_ENCODING", received)

    def test_chunks_that_the_server_leaves_alone_are_refused(self):
        vnfm = instantiated()
        response = self.chunked(vnfm, TERMINATE)
        self.assertEqual(response.status, 411)
        self.assertEqual(response.rules(), ["transport.length.required"])
        self.assertEqual(vnfm.received, [])

    def test_a_body_that_breaks_off_is_refused(self):
        vnfm = instantiated()
        length = str(len(TERMINATE) + 1)
        response = self.post(vnfm, TERMINATE, CONTENT_LENGTH=length)
        self.assertGreaterEqual(response.status, 400)
        self.assertEqual(vnfm.received, [])

    def test_a_length_that_is_no_number_is_refused(self):
        for length in ("-1", "+1", "1_0", "ten"):
            vnfm = instantiated()
            response = self.post(vnfm, TERMINATE, CONTENT_LENGTH=length)
            self.assertEqual(response.rules(), ["transport.framing.length"], length)
            self.assertEqual(vnfm.received, [])

    def test_no_more_is_read_than_the_request_has(self):
        class Connection(io.BytesIO):
            def read(self, size=-1):
                assert size <= len(TERMINATE), "this would wait for ever"
                return super().read(size)

        vnfm = instantiated()
        connection = Connection(TERMINATE + b"GET /next")
        length = {"CONTENT_LENGTH": str(len(TERMINATE)), "wsgi.input": connection}
        self.assertEqual(self.post(vnfm, b"-", **length).status, 202)


@support.needs_library
class HeadTest(unittest.TestCase):
    def get(self, path, **entries):
        return Response(gated(instantiated()), environ("GET", path, **entries))

    def instance(self, path, **entries):
        """The path that ProblemDetails names."""
        return json.loads(self.get(path, **entries).body)["instance"]

    def test_the_target_is_the_one_that_the_client_sent(self):
        received = "/vnflcm/v2/vnf%5Finstances/%2e%2e"
        decoded = "/vnflcm/v2/vnf_instances/.."
        for given in (
            {"RAW_URI": received},
            {"REQUEST_URI": received},
            {"RAW_PATH_INFO": received},
        ):
            self.assertEqual(self.instance(decoded, **given), received)

    def test_a_target_that_leads_elsewhere_is_not_believed(self):
        # A middleware before the gate has rewritten the path, or the query.
        secret = "/vnflcm/v2/nothing"
        self.assertEqual(self.instance(secret, RAW_URI=INSTANCE), secret)
        query = {"QUERY_STRING": "filter=x", "RAW_URI": f"{INSTANCE}?filter=y"}
        self.assertEqual(self.get("/vnflcm/v2/vnf_instances", **query).status, 400)

    def test_a_target_is_written_anew_if_the_server_does_not_tell(self):
        instance = self.instance("/vnflcm/v2/a b%/\xc3\xa9")
        self.assertEqual(instance, "/vnflcm/v2/a%20b%25/%C3%A9")

    def test_repeated_fields_are_seen_if_the_server_tells(self):
        tokens = (("X-Auth-Token", "a"), ("x-auth-token", "b"))
        headers = (("Version", "2.0.0"), ("Accept", "*/*"), *tokens)
        response = self.get(INSTANCE, HTTP_X_AUTH_TOKEN="a,b", headers_raw=headers)
        self.assertEqual(response.rules(), ["transport.field.repeated"])

    def test_what_the_embedder_says_of_the_caller_is_heard(self):
        app = gated(instantiated(), caller=lambda given: {"subject": 7})
        # Not what a caller looks like: it does get there.
        self.assertEqual(Response(app, environ("GET", INSTANCE)).status, 500)


class FailureTest(unittest.TestCase):
    def test_without_the_library_nothing_passes(self):
        vnfm = instantiated()
        app = GateMiddleware(vnfm, library="/nowhere/libsolgate.so")
        for _ in range(2):
            with self.assertLogs("solgate", "ERROR") as log:
                response = Response(app, environ("GET", INSTANCE))
            self.assertEqual(response.status, 503)
            self.assertEqual(response.fields["retry-after"], "5")
            self.assertEqual(json.loads(response.body)["status"], 503)
            self.assertEqual(response.rules(), ["gate.unusable"])
            self.assertIn("/nowhere/libsolgate.so", log.output[0])
        self.assertEqual(vnfm.received, [])

    @support.needs_library
    def test_what_was_missing_is_looked_for_again_after_a_while(self):
        with tempfile.TemporaryDirectory() as folder:
            library = pathlib.Path(folder, "libsolgate.so")
            app = GateMiddleware(instantiated(), library=str(library))
            given = environ("GET", INSTANCE)
            with self.assertLogs("solgate", "ERROR"), mock.patch(
                "time.monotonic"
            ) as now:
                now.return_value = 100.0
                self.assertEqual(Response(app, given).status, 503)
                library.symlink_to(support.LIBRARY)
                now.return_value = 104.9
                self.assertEqual(Response(app, given).status, 503)
                now.return_value = 105.0
                self.assertEqual(Response(app, given).status, 200)

    @support.needs_library
    def test_a_bug_around_the_gate_lets_nothing_pass(self):
        def broken(given):
            raise ZeroDivisionError

        vnfm = instantiated()
        with self.assertLogs("solgate", "ERROR"):
            response = Response(gated(vnfm, caller=broken), environ("GET", INSTANCE))
        self.assertEqual(response.status, 500)
        self.assertEqual(vnfm.received, [])

    @support.needs_library
    def test_the_gate_can_be_made_before_the_first_request(self):
        gated(instantiated()).prepare()
        with self.assertRaisesRegex(Exception, "upstreams"):
            gated(instantiated(), "upstreams: []").prepare()


@support.needs_library
class ForkTest(unittest.TestCase):
    def test_each_process_has_a_gate_of_its_own(self):
        app = gated(support.Vnfm(vnf_lcm_op_occs=operation("COMPLETED")))
        self.assertEqual(Response(app, environ("POST", RETRY)).status, 409)
        child = os.fork()
        if child == 0:
            status = Response(app, environ("POST", RETRY)).status
            os._exit(0 if status == 409 else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(Response(app, environ("POST", RETRY)).status, 409)


if __name__ == "__main__":
    unittest.main()
