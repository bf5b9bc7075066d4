// open-loop PORT CONNECTIONS RATE SECONDS STATUS REQUESTS
// Requests at a fixed rate over kept connections, whether or not the server keeps up. Latency is counted from the
// moment a request was planned for: a server that stalls is charged with all who would have come meanwhile.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>

#include "client.h"

// How long the last answers are waited for, nanoseconds.
static const int64_t kPatience = 5000000000;

struct connection {
  SSL* tls;
  // When its request was planned; 0: it is free.
  int64_t planned;
  struct answer answer;
};

static struct {
  SSL_CTX* context;
  int port, status;
  struct connection* connections;
  struct pollfd* polled;
  int count;
  struct requests requests;
  size_t next, answered, good;
  int64_t* latencies;
} run;

// NULL when the handshake fails.
static SSL* connect_tls(SSL_CTX* context, int port) {
  int number = connect_tcp(port, 0);
  if (number < 0) return NULL;
  SSL* tls = SSL_new(context);
  SSL_set_fd(tls, number);
  if (SSL_connect(tls) == 1) return tls;
  ERR_clear_error();
  SSL_free(tls);
  close(number);
  return NULL;
}

static bool says_close(const struct answer* answer) {
  const char* connection = header(answer, "connection:");
  return connection != NULL && strncasecmp(connection + strspn(connection, " "), "close", 5) == 0;
}

static void open_connection(int index) {
  struct connection* connection = &run.connections[index];
  connection->tls = connect_tls(run.context, run.port);
  connection->planned = 0;
  if (connection->tls == NULL) errno = ECONNREFUSED, fail("connect");
  run.polled[index] = (struct pollfd){.fd = SSL_get_fd(connection->tls), .events = POLLIN};
  // A session ticket makes it readable without an answer to read.
  fcntl(SSL_get_fd(connection->tls), F_SETFL, O_NONBLOCK);
}

static void reopen(int index) {
  close_tls(run.connections[index].tls);
  open_connection(index);
}

static void send_request(int index, int64_t planned) {
  struct connection* connection = &run.connections[index];
  size_t which = run.next++ % run.requests.count;
  connection->planned = planned;
  begin_answer(&connection->answer);
  int length = (int)run.requests.lengths[which];
  if (SSL_write(connection->tls, run.requests.each[which], length) != length) reopen(index);
}

static void receive(int index) {
  static char bytes[64 * 1024];
  struct connection* connection = &run.connections[index];
  do {
    int size = SSL_read(connection->tls, bytes, sizeof bytes);
    if (size <= 0 && SSL_get_error(connection->tls, size) == SSL_ERROR_WANT_READ) return;
    if (size <= 0) {
      ERR_clear_error();
      reopen(index);
      return;
    }
    if (!take(&connection->answer, bytes, (size_t)size)) continue;
    if (status_of(&connection->answer) == run.status) run.good++;
    run.latencies[run.answered++] = now() - connection->planned;
    connection->planned = 0;
    if (says_close(&connection->answer)) reopen(index);
  } while (connection->planned != 0);
}

static int free_connection(void) {
  for (int index = 0; index < run.count; index++)
    if (run.connections[index].planned == 0) return index;
  return -1;
}

static bool any_busy(void) {
  for (int index = 0; index < run.count; index++)
    if (run.connections[index].planned != 0) return true;
  return false;
}

static void wait_until(int64_t moment) {
  int64_t left = moment - now();
  struct timespec time = {.tv_nsec = left > 0 ? left % 1000000000 : 0, .tv_sec = left > 0 ? left / 1000000000 : 0};
  if (ppoll(run.polled, (nfds_t)run.count, &time, NULL) <= 0) return;
  for (int index = 0; index < run.count; index++)
    if (run.polled[index].revents != 0) receive(index);
}

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  run.port = atoi(argv[1]), run.count = atoi(argv[2]), run.status = atoi(argv[5]);
  double rate = atof(argv[3]), seconds = atof(argv[4]);
  run.requests = read_requests(argv[6]);
  run.context = create_context();
  run.connections = calloc((size_t)run.count, sizeof *run.connections);
  run.polled = calloc((size_t)run.count, sizeof *run.polled);
  size_t total = (size_t)(rate * seconds), begun = 0;
  run.latencies = calloc(total, sizeof *run.latencies);
  prctl(PR_SET_TIMERSLACK, 1);
  for (int index = 0; index < run.count; index++) open_connection(index);
  int64_t start = now() + 10000000, gap = (int64_t)(1e9 / rate), end = start + (int64_t)(seconds * 1e9) + kPatience;
  while ((begun < total || any_busy()) && now() < end) {
    int index;
    while (begun < total && start + (int64_t)begun * gap <= now() && (index = free_connection()) >= 0)
      send_request(index, start + (int64_t)begun++ * gap);
    // With no connection free it is an answer that is waited for.
    wait_until(begun < total && free_connection() >= 0 ? start + (int64_t)begun * gap : end);
  }
  printf("%zu %zu %.6f 0 0\n", run.answered, total - run.good, (double)(now() - start) / 1e9);
  print_latencies(run.latencies, run.answered);
  return 0;
}
