import json
import os
import threading
import unittest

import support
from solgate import ConfigurationError, Gate, GateError, LibraryError
from solgate import Reply, Request, Verdict

FIELDS = [("Version", "2.0.0"), ("Accept", "application/json")]
RETRY = Request("POST", f"{support.OPERATION}/retry", FIELDS)


def operation(state):
    body = {"id": "1", "operationState": state, "vnfInstanceId": "1"}
    fields = [("Content-Type", "application/json")]
    return Reply(200, fields, json.dumps({**body, "operation": "SCALE"}).encode())


@support.needs_library
class GateTest(unittest.TestCase):
    def setUp(self):
        self.gate = Gate(library=support.LIBRARY)
        self.addCleanup(self.gate.close)

    def test_a_request_that_is_wrong_in_itself_is_denied_without_a_question(self):
        request = Request("GET", support.INSTANCE, [("Accept", "application/json")])
        answer = self.gate.judge(request, lambda question: self.fail(question))
        self.assertEqual(answer.status, 400)
        self.assertIn(("content-type", "application/problem+json"), lower(answer))
        self.assertIn("Version", json.loads(answer.body)["detail"])
        self.assertEqual(json.loads(answer.decision)["verdict"], "deny")

    def test_a_question_has_a_target_and_fields(self):
        with self.gate.evaluation(RETRY) as evaluation:
            self.assertIs(evaluation.evaluate(), Verdict.NEED)
            (question,) = evaluation.questions()
            self.assertEqual(question.target, support.OPERATION)
            self.assertIn(("version", "2.0.0"), lower(question))

    def test_the_reply_decides(self):
        for state, status in (("FAILED_TEMP", 0), ("COMPLETED", 409)):
            answer = self.gate.judge(RETRY, lambda _: operation(state))
            self.assertEqual(answer.status, status, state)
            self.assertEqual(answer.allowed, status == 0)

    def test_no_reply_is_a_denial_that_may_pass(self):
        answer = self.gate.judge(RETRY, lambda _: None)
        self.assertEqual(answer.status, 503)
        self.assertIn("retry-after", dict(lower(answer)))

    def test_there_is_no_answer_before_the_verdict(self):
        with self.gate.evaluation(RETRY) as evaluation:
            evaluation.evaluate()
            with self.assertRaises(GateError):
                evaluation.answer()

    def test_a_reply_is_for_a_question(self):
        with self.gate.evaluation(RETRY) as evaluation:
            evaluation.evaluate()
            with self.assertRaises(GateError):
                evaluation.supply(7, None)

    def test_bytes_beyond_ascii_arrive_as_they_were_sent(self):
        name = "Störung".encode().decode("latin-1")
        target = f"/vnflcm/v2/vnf_instances?{name}=1"
        answer = self.gate.judge(Request("GET", target, FIELDS), lambda _: None)
        self.assertIn("Störung", answer.body.decode())

    def test_nul_bytes_end_nothing(self):
        body = b'{"terminationType": "FORCEFUL"}\0'
        fields = [*FIELDS, ("Content-Type", "application/json")]
        request = Request("POST", f"{support.INSTANCE}/terminate", fields, body)
        self.assertEqual(self.gate.judge(request, lambda _: None).status, 400)

    def test_the_settings_are_those_of_the_configuration(self):
        text = 'set: {supportedVersions: ["3.0.0"]}\nfacts: {timeout: 1500ms}'
        with Gate(text, support.LIBRARY) as gate:
            self.assertEqual(gate.facts_timeout, 1.5)
            request = Request("GET", support.INSTANCE, FIELDS)
            self.assertEqual(gate.judge(request, lambda _: None).status, 406)

    def test_a_mistake_in_the_configuration_is_named(self):
        with self.assertRaisesRegex(ConfigurationError, "upstreams"):
            Gate("upstreams: []", support.LIBRARY)

    def test_a_closed_gate_says_so_and_its_evaluations_go_on(self):
        with Gate(library=support.LIBRARY) as gate:
            evaluation = gate.evaluation(RETRY)
        self.addCleanup(evaluation.close)
        self.assertRaises(GateError, gate.evaluation, RETRY)
        self.assertIs(evaluation.evaluate(), Verdict.NEED)

    def test_threads_share_a_gate(self):
        answers = []

        def judge():
            for _ in range(50):
                answers.append(self.gate.judge(RETRY, lambda _: operation("FAILED")))

        threads = [threading.Thread(target=judge) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({answer.status for answer in answers}, {409})
        self.assertEqual(len(answers), 200)

    def test_a_gate_from_before_a_fork_refuses(self):
        child = os.fork()
        if child == 0:
            refused = self.gate.judge(RETRY, lambda _: operation("FAILED_TEMP"))
            # Frees nothing, and does not wait for threads that are not here.
            self.gate.close()
            os._exit(0 if refused.status == 500 else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertTrue(self.gate.judge(RETRY, lambda _: operation("FAILED_TEMP")))

    def test_an_evaluation_from_before_a_fork_refuses(self):
        with self.gate.evaluation(RETRY) as evaluation:
            evaluation.evaluate()
            child = os.fork()
            if child == 0:
                try:
                    evaluation.evaluate()
                except GateError:
                    os._exit(0)
                os._exit(1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            evaluation.supply(0, operation("FAILED_TEMP"))
            self.assertIs(evaluation.evaluate(), Verdict.ALLOW)


class LibraryTest(unittest.TestCase):
    def test_a_missing_library_is_named(self):
        with self.assertRaisesRegex(LibraryError, "/nowhere/libsolgate.so"):
            Gate(library="/nowhere/libsolgate.so")

    def test_another_library_is_refused(self):
        libc = next(iter(mapped_libraries("libc.so")))
        with self.assertRaisesRegex(LibraryError, "solgate_abi_version"):
            Gate(library=libc)


def mapped_libraries(name):
    with open("/proc/self/maps") as maps:
        return {line.split()[-1] for line in maps if name in line}


def lower(holder):
    return [(name.lower(), value) for name, value in holder.fields]


if __name__ == "__main__":
    unittest.main()
