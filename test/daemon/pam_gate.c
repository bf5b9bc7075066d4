/* A PAM module for tests: every login waits at a gate until it opens. Its first argument is a directory, in which each that comes leaves a
   file named after its process; the second is the file that opens the gate. */
#include <fcntl.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <unistd.h>

int pam_sm_authenticate(pam_handle_t *handle, int flags, int argc, const char **argv) {
  (void)handle, (void)flags;
  if (argc != 2) return PAM_SERVICE_ERR;
  char path[4096];
  snprintf(path, sizeof path, "%s/%d", argv[0], getpid());
  close(open(path, O_CREAT | O_WRONLY, 0600));
  while (access(argv[1], F_OK) != 0) usleep(5000);
  return PAM_IGNORE;
}

int pam_sm_setcred(pam_handle_t *handle, int flags, int argc, const char **argv) {
  (void)handle, (void)flags, (void)argc, (void)argv;
  return PAM_SUCCESS;
}
