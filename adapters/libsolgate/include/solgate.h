/* Solgate as a C library; docs/doors/c.md shows how it is used.
 *
 * It does no I/O but reading policy files and, if SOLGATE_CACHE_DIR is set, its
 * cache of compiled policies. Every function takes NULL.
 *
 * Made from adapters/libsolgate/src with cbindgen; do not edit. */

#ifndef SOLGATE_H
#define SOLGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Policies and settings. Any number of threads may use it at once. */
typedef struct solgate_gate solgate_gate;

/** One request being judged. One thread at a time may use it. */
typedef struct solgate_evaluation solgate_evaluation;


/**
 * Version of this interface. It grows with every change that a program can
 * notice; solgate_abi_version() says that of the library.
 */
#define SOLGATE_ABI_VERSION 1

/**
 * Dispatch the request to the VNFM.
 */
#define SOLGATE_ALLOW 0

/**
 * Send the answer instead.
 */
#define SOLGATE_DENY 1

/**
 * Put the questions to the VNFM, supply the replies, and evaluate again.
 */
#define SOLGATE_NEED 2

/**
 * Bytes, mostly of a text; without a NUL at their end. `data` may be NULL if
 * `length` is 0.
 */
typedef struct solgate_text {
  const char *data;
  size_t length;
} solgate_text;

/**
 * A header field.
 */
typedef struct solgate_field {
  struct solgate_text name;
  struct solgate_text value;
} solgate_field;

/**
 * A request as the server has received it and will forward it.
 */
typedef struct solgate_request {
  struct solgate_text method;
  /**
   * Exactly as received: path and query, percent-encoded.
   */
  struct solgate_text target;
  /**
   * All of them in order, repeated ones repeated.
   */
  const struct solgate_field *fields;
  size_t field_count;
  /**
   * Without transfer coding.
   */
  struct solgate_text body;
  /**
   * False if `body` is only the start of it, of at least
   * solgate_gate_body_limit() bytes. Such a request is never allowed.
   */
  bool body_complete;
  /**
   * IP address of the client, without port; or empty.
   */
  struct solgate_text source_address;
  /**
   * What the server has verified about the caller, or empty: a JSON object with
   * any of `subject`, `tenant` (texts), `roles`, `scopes`, `certificateNames`
   * (lists of texts).
   */
  struct solgate_text caller;
} solgate_request;

/**
 * A GET that is to be put to the VNFM.
 */
typedef struct solgate_question {
  /**
   * Path and query below the VNFM's base URL.
   */
  struct solgate_text target;
  /**
   * All fields to send, but Host.
   */
  const struct solgate_field *fields;
  size_t field_count;
} solgate_question;

/**
 * What the VNFM has answered to a question.
 */
typedef struct solgate_reply {
  /**
   * 0 if there was no answer in time.
   */
  uint16_t status;
  const struct solgate_field *fields;
  size_t field_count;
  /**
   * Without transfer coding.
   */
  struct solgate_text body;
} solgate_reply;

/**
 * What becomes of the request.
 */
typedef struct solgate_answer {
  /**
   * The status to answer, or 0: the request is allowed.
   */
  uint16_t status;
  /**
   * The fields of the answer, but Content-Length; for a request that is allowed,
   * fields to add to the VNFM's answer.
   */
  const struct solgate_field *fields;
  size_t field_count;
  /**
   * ProblemDetails; empty for a request that is allowed. An answer to HEAD goes
   * out without it.
   */
  struct solgate_text body;
  /**
   * A JSON object in one line, for a log: no body, no query, no credential.
   */
  struct solgate_text decision;
} solgate_answer;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The SOLGATE_ABI_VERSION that this library was built with. A program refuses one
 * that is not its own.
 */
uint32_t solgate_abi_version(void);

/**
 * Loads policies. Takes some seconds the first time; the environment variable
 * SOLGATE_CACHE_DIR names a folder, of the process's user and with mode 700, in
 * which compiled policies are kept for the next start.
 *
 * Create a gate after any fork: the thread that cuts a looping policy off does not
 * survive one. A gate from before it judges no request.
 *
 * `configuration` is YAML or JSON with the members that an upstream has in
 * solgate.yaml: policies, set, severity, mode, isolation, facts, factFailure,
 * problem. An empty one stands for the built-in policy, enforced.
 *
 * Returns NULL if there is something wrong with it; what that is then stands in
 * `error`, at most `error_size` bytes with the NUL at the end. `error` may be NULL.
 * The gate belongs to the caller; any number of threads may use it at once.
 *
 * `configuration` must lead to `length` bytes, `error` to `error_size`; or be NULL.
 */
solgate_gate *solgate_gate_new(const char *configuration,
                               size_t length,
                               char *error,
                               size_t error_size);

/**
 * Gives a gate back. Its evaluations go on. NULL is fine.
 *
 * `gate` must come from solgate_gate_new() and not be used any more.
 */
void solgate_gate_free(solgate_gate *gate);

/**
 * Bytes of a body that need to be read: if there are more, the rest makes no
 * difference. 0 for NULL.
 */
size_t solgate_gate_body_limit(const solgate_gate *gate);

/**
 * Milliseconds after which a question counts as not answered. 0 for NULL.
 */
uint32_t solgate_gate_facts_timeout(const solgate_gate *gate);

/**
 * Begins to judge a request. All of it is copied. A request that cannot be read
 * is denied.
 *
 * The evaluation belongs to the caller. One thread at a time may use it; the gate
 * may be freed before it. Returns NULL if one of the arguments is NULL.
 *
 * All pointers in `request` must lead to what they are said to, until this
 * returns.
 */
solgate_evaluation *solgate_evaluation_new(const solgate_gate *gate,
                                           const struct solgate_request *request);

/**
 * Begins an evaluation that is over: the answer, in the gate's words, to a request
 * that the server itself refuses or fails on. `status` is what the server would
 * answer: 400 it cannot read the head, 404 it has no VNFM for the request, 408 the
 * request does not come, 413, 414, 431 body, target or head are too large, 502 the
 * VNFM gives no proper answer, 503 the server can take no more requests, 504 the VNFM
 * does not answer in time, 505 the version of HTTP is not known; anything else
 * stands for a failure of the server and is answered with 500. `limit` is what was
 * gone beyond, in bytes or seconds. `target` may be empty.
 *
 * The evaluation belongs to the caller; it needs no solgate_evaluate(). Returns
 * NULL if `gate` is NULL.
 *
 * `target` must lead to what it is said to, until this returns.
 */
solgate_evaluation *solgate_evaluation_refused(const solgate_gate *gate,
                                               uint16_t status,
                                               uint64_t limit,
                                               struct solgate_text target);

/**
 * Gives an evaluation back, wherever it has got to. NULL is fine.
 *
 * `evaluation` must come from solgate_evaluation_new() or
 * solgate_evaluation_refused() and not be used any more.
 */
void solgate_evaluation_free(solgate_evaluation *evaluation);

/**
 * Judges as far as that is possible: SOLGATE_ALLOW, SOLGATE_DENY or SOLGATE_NEED.
 *
 * After SOLGATE_NEED the program puts the questions to the VNFM, supplies a reply to
 * each, with status 0 if there is none, and evaluates again; there may then be more
 * questions. One that has no reply when another has counts as not answered. Without
 * any reply, and when there is an answer, evaluating again says the same again. A
 * failure within the library, and NULL, is SOLGATE_DENY.
 */
int32_t solgate_evaluate(solgate_evaluation *evaluation);

/**
 * How many questions there are; 0 unless solgate_evaluate() has said
 * SOLGATE_NEED.
 */
size_t solgate_question_count(const solgate_evaluation *evaluation);

/**
 * Gives the question with this index, from 0. Its pointers hold until the next
 * solgate_evaluate() or solgate_evaluation_free(). Returns false if there is no
 * such question.
 */
bool solgate_question_get(const solgate_evaluation *evaluation,
                          size_t index,
                          struct solgate_question *question);

/**
 * Supplies what the VNFM has answered to the question with this index. All of it
 * is copied. Returns false if there is no such question or it has its reply.
 *
 * All pointers in `reply` must lead to what they are said to, until this returns.
 */
bool solgate_supply(solgate_evaluation *evaluation,
                    size_t index,
                    const struct solgate_reply *reply);

/**
 * Gives the answer, when solgate_evaluate() has said SOLGATE_ALLOW or
 * SOLGATE_DENY. Its pointers hold until the evaluation is freed. Returns false if
 * there is none yet.
 */
bool solgate_answer_get(const solgate_evaluation *evaluation, struct solgate_answer *answer);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SOLGATE_H */
