/* A PAM module for tests that writes into the channel of its process to the supervisor: the bytes of a file named after the user, in the
   directory that is its argument. A user for whom there is none is left alone; one whose name begins with "hang" does not come back, and "hangup" closes the channel before. */
#include <fcntl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int channel = 3;

int pam_sm_authenticate(pam_handle_t *handle, int flags, int argc, const char **argv) {
  (void)flags;
  const char *user = "";
  if (argc != 1 || pam_get_user(handle, &user, NULL) != PAM_SUCCESS) return PAM_SERVICE_ERR;
  char path[4096], bytes[4096];
  snprintf(path, sizeof path, "%s/%s", argv[0], user);
  int file = open(path, O_RDONLY);
  if (file < 0) return PAM_IGNORE;
  ssize_t count = read(file, bytes, sizeof bytes);
  close(file);
  if (write(channel, bytes, count) != count) return PAM_SERVICE_ERR;
  if (strcmp(user, "hangup") == 0) close(channel);
  if (strncmp(user, "hang", 4) == 0) pause();
  return PAM_IGNORE;
}

int pam_sm_setcred(pam_handle_t *handle, int flags, int argc, const char **argv) {
  (void)handle, (void)flags, (void)argc, (void)argv;
  return PAM_SUCCESS;
}
