/* Judges a request in the child of a fork, and then in the process that has made the
 * gate by its first argument; writes outcome, status and body of each. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "solgate.h"

static solgate_text text(const char *characters) {
  return (solgate_text){characters, strlen(characters)};
}

static void judge(const solgate_gate *gate) {
  solgate_field fields[] = {{text("Version"), text("2.0.0")}, {text("Accept"), text("application/json")}};
  solgate_request request = {
      .method = text("GET"),
      .target = text("/vnflcm/v2/vnf_instances"),
      .fields = fields,
      .field_count = 2,
      .body_complete = true,
  };
  solgate_evaluation *evaluation = solgate_evaluation_new(gate, &request);
  int32_t outcome = solgate_evaluate(evaluation);
  solgate_answer answer = {0};
  solgate_answer_get(evaluation, &answer);
  printf("%d %u %.*s\n", (int)outcome, (unsigned)answer.status, (int)answer.body.length, answer.body.data);
  fflush(stdout);
  solgate_evaluation_free(evaluation);
}

int main(int count, char **arguments) {
  const char *configuration = count > 1 ? arguments[1] : "";
  solgate_gate *gate = solgate_gate_new(configuration, strlen(configuration), NULL, 0);
  pid_t child = fork();
  if (child == 0) {
    judge(gate);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  judge(gate);
  solgate_gate_free(gate);
  return 0;
}
