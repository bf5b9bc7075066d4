// What the load programs share: a file of prepared requests, a TLS connection, and the end of an answer.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct requests {
  char* bytes;
  size_t count;
  const char** each;
  size_t* lengths;
};

static void fail(const char* what) {
  perror(what);
  exit(2);
}

static inline int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// Requests end with a NUL each.
static struct requests read_requests(const char* path) {
  struct requests all = {0};
  FILE* file = fopen(path, "rb");
  if (file == NULL) fail(path);
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  all.bytes = malloc(size + 1);
  if (all.bytes == NULL || fread(all.bytes, 1, size, file) != size) fail(path);
  fclose(file);
  for (size_t at = 0; at < size; at++) all.count += all.bytes[at] == '\0';
  all.each = calloc(all.count, sizeof *all.each);
  all.lengths = calloc(all.count, sizeof *all.lengths);
  char* start = all.bytes;
  for (size_t index = 0; index < all.count; index++) {
    all.each[index] = start;
    all.lengths[index] = strlen(start);
    start += all.lengths[index] + 1;
  }
  if (all.count == 0) errno = EINVAL, fail(path);
  return all;
}

static SSL_CTX* create_context(void) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  // A throw-away certificate of a server on loopback.
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  return context;
}

// -1 when it is refused. `source`: an address of 127/8, or 0 for any.
static int connect_tcp(int port, uint32_t source) {
  int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  if (number < 0) fail("socket");
  setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(number, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
  if (source != 0 && bind(number, (struct sockaddr*)&from, sizeof from) != 0) fail("bind");
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(number, (struct sockaddr*)&to, sizeof to) == 0) return number;
  close(number);
  return -1;
}

static void close_tls(SSL* tls) {
  int number = SSL_get_fd(tls);
  SSL_shutdown(tls);
  ERR_clear_error();
  SSL_free(tls);
  close(number);
}

struct answer {
  char head[64 * 1024];
  size_t size;
  // Of the whole answer, once its head is there; SIZE_MAX for one in chunks.
  size_t whole;
  char tail[5];
};

static void begin_answer(struct answer* answer) {
  answer->size = answer->whole = 0;
  memset(answer->tail, 0, sizeof answer->tail);
}

static const char* header(const struct answer* answer, const char* name) {
  const char* end = strstr(answer->head, "\r\n\r\n");
  for (const char* line = strstr(answer->head, "\r\n"); line != NULL && line < end; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, name, strlen(name)) == 0) return line + 2 + strlen(name);
  }
  return NULL;
}

static void read_head(struct answer* answer) {
  const char* end = strstr(answer->head, "\r\n\r\n");
  if (end == NULL) return;
  const char* length = header(answer, "content-length:");
  answer->whole = length == NULL ? SIZE_MAX : (size_t)(end + 4 - answer->head) + strtoul(length, NULL, 10);
}

// True once the answer is whole.
static bool take(struct answer* answer, const char* bytes, size_t size) {
  if (answer->whole == 0) {
    size_t room = sizeof answer->head - 1 - answer->size, part = size < room ? size : room;
    memcpy(answer->head + answer->size, bytes, part);
    answer->head[answer->size + part] = '\0';
  }
  for (size_t at = size < 5 ? 0 : size - 5; at < size; at++) {
    memmove(answer->tail, answer->tail + 1, 4);
    answer->tail[4] = bytes[at];
  }
  answer->size += size;
  if (answer->whole == 0) read_head(answer);
  if (answer->whole == SIZE_MAX) return memcmp(answer->tail, "0\r\n\r\n", 5) == 0;
  return answer->whole != 0 && answer->size >= answer->whole;
}

static int status_of(const struct answer* answer) { return answer->size < 12 ? 0 : atoi(answer->head + 9); }

// The result: one line of numbers, then the latencies in nanoseconds, one a line.
static void print_latencies(const int64_t* latencies, size_t count) {
  for (size_t index = 0; index < count; index++) printf("%lld\n", (long long)latencies[index]);
}
