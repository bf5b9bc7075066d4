// A PAM module that does in its auth phase what its first argument says; the conversation's and the worker's tests use
// it.
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int converse(pam_handle_t* handle, int count, const struct pam_message** messages,
                    struct pam_response** replies) {
  const void* item = NULL;
  if (pam_get_item(handle, PAM_CONV, &item) != PAM_SUCCESS || item == NULL) return PAM_SYSTEM_ERR;
  const struct pam_conv* conv = item;
  *replies = NULL;
  return conv->conv(count, messages, replies, conv->appdata_ptr);
}

static int is(const char* reply, const char* expected) { return reply != NULL && strcmp(reply, expected) == 0; }

// Five messages in one call, prompts second and fourth: right when each reply is in its own place.
static int five(pam_handle_t* handle) {
  const struct pam_message messages[5] = {{PAM_TEXT_INFO, "one"},
                                          {PAM_PROMPT_ECHO_OFF, "Password: "},
                                          {PAM_ERROR_MSG, "three"},
                                          {PAM_PROMPT_ECHO_ON, "Code: "},
                                          {PAM_TEXT_INFO, "five"}};
  const struct pam_message* pointers[5];
  for (int i = 0; i < 5; i++) pointers[i] = &messages[i];
  struct pam_response* replies;
  int code = converse(handle, 5, pointers, &replies);
  if (code != PAM_SUCCESS) return replies == NULL ? code : PAM_ABORT;
  int right = is(replies[1].resp, "secret") && is(replies[3].resp, "123456") && replies[0].resp == NULL &&
              replies[2].resp == NULL && replies[4].resp == NULL;
  for (int i = 0; i < 5; i++) {
    right = right && replies[i].resp_retcode == 0;
    free(replies[i].resp);
  }
  free(replies);
  return right ? PAM_SUCCESS : PAM_AUTH_ERR;
}

// As many messages of one style as PAM allows, or one more or none, which must be refused.
static int many(pam_handle_t* handle, int style, int count, char letter) {
  char* text = malloc(4097);
  memset(text, letter, 4096);
  text[4096] = 0;
  const struct pam_message message = {style, text};
  const struct pam_message* pointers[64];
  for (int i = 0; i < 64; i++) pointers[i] = &message;
  struct pam_response* replies;
  int code = converse(handle, count, pointers, &replies);
  if (code == PAM_SUCCESS) free(replies);
  free(text);
  return code;
}

static int text(pam_handle_t* handle, const char* message) {
  const struct pam_message one = {PAM_TEXT_INFO, message};
  const struct pam_message* pointer = &one;
  struct pam_response* replies;
  int code = converse(handle, 1, &pointer, &replies);
  if (code == PAM_SUCCESS) free(replies);
  return code;
}

// No message where there should be one.
static int nothing(pam_handle_t* handle) {
  const struct pam_message* pointer = NULL;
  struct pam_response* replies;
  int code = converse(handle, 1, &pointer, &replies);
  return replies == NULL ? code : PAM_ABORT;
}

static int crash(void) {
  volatile int* nowhere = NULL;
  *nowhere = 1;
  return PAM_ABORT;
}

static int hang(void) {
  while (pause() != 0) continue;
  return PAM_ABORT;
}

int pam_sm_authenticate(pam_handle_t* handle, int flags, int count, const char** arguments) {
  const char* action = count > 0 ? arguments[0] : "";
  const char* value = count > 1 ? arguments[1] : "";
  const char letter = count > 2 ? arguments[2][0] : 'x';
  if (strcmp(action, "five") == 0) return five(handle);
  if (strcmp(action, "infos") == 0) return many(handle, PAM_TEXT_INFO, atoi(value), letter);
  if (strcmp(action, "prompts") == 0) return many(handle, PAM_PROMPT_ECHO_OFF, atoi(value), letter);
  if (strcmp(action, "style") == 0) return many(handle, atoi(value), 1, letter);
  if (strcmp(action, "info") == 0) return text(handle, value);
  if (strcmp(action, "latin1") == 0) return text(handle, "caf\xe9");
  if (strcmp(action, "null") == 0) return text(handle, NULL);
  if (strcmp(action, "nothing") == 0) return nothing(handle);
  if (strcmp(action, "delay") == 0) return pam_fail_delay(handle, (unsigned)atoi(value)), PAM_AUTH_ERR;
  if (strcmp(action, "return") == 0) return atoi(value);
  if (strcmp(action, "become") == 0) return pam_set_item(handle, PAM_USER, value);
  if (strcmp(action, "become-latin1") == 0) return pam_set_item(handle, PAM_USER, "caf\xe9");
  if (strcmp(action, "become-lines") == 0) return pam_set_item(handle, PAM_USER, "ali\nce");
  if (strcmp(action, "flags") == 0) return flags == PAM_DISALLOW_NULL_AUTHTOK ? PAM_SUCCESS : PAM_AUTH_ERR;
  if (strcmp(action, "crash") == 0) return crash();
  if (strcmp(action, "hang") == 0) return hang();
  return PAM_SYSTEM_ERR;
}

int pam_sm_setcred(pam_handle_t* handle, int flags, int count, const char** arguments) {
  (void)handle, (void)flags, (void)count, (void)arguments;
  return PAM_SUCCESS;
}

// In the account phase: pam_unix's way of saying that a password expires soon.
int pam_sm_acct_mgmt(pam_handle_t* handle, int flags, int count, const char** arguments) {
  (void)flags;
  if (count > 1 && strcmp(arguments[0], "info") == 0) return text(handle, arguments[1]);
  return count > 1 && strcmp(arguments[0], "return") == 0 ? atoi(arguments[1]) : PAM_SUCCESS;
}
