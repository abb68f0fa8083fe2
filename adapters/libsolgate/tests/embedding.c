/* Judges a few requests as a server in C would, and says what became of them.
 * Arguments: those of Solgate's configuration, then the lines are on standard
 * output. It also creates a gate and forks, which the gate must notice. */

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "solgate.h"

#define TEXT(literal) ((solgate_text){literal, sizeof(literal) - 1})

static const solgate_field fields[] = {
    {TEXT("Version"), TEXT("2.0.0")},
    {TEXT("Accept"), TEXT("application/json")},
    {TEXT("Authorization"), TEXT("Bearer t")},
};

/* What the VNFM says to every question. */
static const char state[] = "{\"id\": \"o1\", \"operationState\": \"COMPLETED\"}";

static void judge(const solgate_gate *gate, solgate_text method, solgate_text target) {
  solgate_request request = {
      .method = method,
      .target = target,
      .fields = fields,
      .field_count = sizeof fields / sizeof fields[0],
      .body_complete = true,
      .source_address = TEXT("192.0.2.1"),
  };
  solgate_evaluation *evaluation = solgate_evaluation_new(gate, &request);
  int32_t outcome;
  while ((outcome = solgate_evaluate(evaluation)) == SOLGATE_NEED) {
    for (size_t i = 0; i < solgate_question_count(evaluation); i++) {
      solgate_question question;
      if (!solgate_question_get(evaluation, i, &question)) continue;
      printf("GET %.*s with %zu fields\n", (int)question.target.length, question.target.data, question.field_count);
      solgate_reply reply = {.status = 200, .body = TEXT(state)};
      solgate_supply(evaluation, i, &reply);
    }
  }
  solgate_answer answer;
  if (solgate_answer_get(evaluation, &answer)) {
    printf("%s %u %.*s\n", outcome == SOLGATE_ALLOW ? "allow" : "deny", (unsigned)answer.status,
           (int)answer.body.length, answer.body.data);
  }
  solgate_evaluation_free(evaluation);
}

int main(int count, char **arguments) {
  char error[512];
  const char *configuration = count > 1 ? arguments[1] : "";
  if (solgate_abi_version() != SOLGATE_ABI_VERSION) return 2;
  solgate_gate *gate = solgate_gate_new(configuration, strlen(configuration), error, sizeof error);
  if (gate == NULL) {
    printf("%s\n", error);
    return 1;
  }
  judge(gate, TEXT("GET"), TEXT("/vnflcm/v2/vnf_instances"));
  judge(gate, TEXT("GET"), TEXT("/vnflcm/v2/vnf_instances?nope"));
  judge(gate, TEXT("POST"), TEXT("/vnflcm/v2/vnf_lcm_op_occs/o1/retry"));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    judge(gate, TEXT("GET"), TEXT("/vnflcm/v2/vnf_instances"));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  solgate_gate_free(gate);
  return 0;
}
