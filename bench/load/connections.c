// connections PORT CLIENTS SECONDS STATUS RESUME NET MOVE_AFTER REQUESTS
// Clients that make a TLS connection for each request, one after the other. RESUME 1: each resumes the session of its
// last connection. Client i sends the requests i, i + CLIENTS, ... NET not 0: from addresses of 127.NET/16, another
// after MOVE_AFTER requests.
#include <pthread.h>
#include <stdatomic.h>

#include "client.h"

enum { MAX_LATENCIES = 1 << 16 };

struct client {
  pthread_t thread;
  size_t index, answered, failed, late, resumed, spent;
  SSL_SESSION* session;
  struct answer answer;
  int64_t latencies[MAX_LATENCIES];
};

static struct requests requests;
static SSL_CTX* context;
static int port, status, net, move_after;
static bool resume;
static size_t count;
static int64_t end;
static atomic_uint moved;

static uint32_t source_of(struct client* client) {
  static _Thread_local uint32_t address;
  if (net == 0) return 0;
  if (client->spent++ % (size_t)move_after == 0) {
    unsigned number = atomic_fetch_add(&moved, 1);
    address = (127u << 24) | ((uint32_t)net << 16) | ((number / 250 % 250) << 8) | (number % 250 + 1);
  }
  return address;
}

static bool exchange(struct client* client, SSL* tls, size_t which) {
  static _Thread_local char bytes[16 * 1024];
  begin_answer(&client->answer);
  if (SSL_write(tls, requests.each[which], (int)requests.lengths[which]) <= 0) return false;
  for (;;) {
    int size = SSL_read(tls, bytes, sizeof bytes);
    if (size <= 0) return false;
    if (take(&client->answer, bytes, (size_t)size)) return status_of(&client->answer) == status;
  }
}

static bool ask(struct client* client, size_t which) {
  ERR_clear_error();
  int number = connect_tcp(port, source_of(client));
  if (number < 0) return false;
  SSL* tls = SSL_new(context);
  SSL_set_fd(tls, number);
  if (client->session != NULL) SSL_set_session(tls, client->session);
  bool good = SSL_connect(tls) == 1 && exchange(client, tls, which);
  if (good && SSL_session_reused(tls)) client->resumed++;
  // Its ticket came before the answer. Kept outside OpenSSL's cache, which lets a ticket be used once, while Node sends
  // none with a resumed session.
  else if (good && resume)
    client->session = SSL_get1_session(tls);
  close_tls(tls);
  return good;
}

static void* work(void* argument) {
  struct client* client = argument;
  for (size_t which = client->index; now() < end; which += count) {
    int64_t began = now();
    if (!ask(client, which % requests.count)) client->failed++;
    // What was not answered in time counts for what it cost, not for what it gave.
    else if (now() <= end) {
      if (client->answered < MAX_LATENCIES) client->latencies[client->answered] = now() - began;
      client->answered++;
    } else {
      client->late++;
    }
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 9) return 2;
  port = atoi(argv[1]), count = (size_t)atoi(argv[2]), status = atoi(argv[4]);
  resume = atoi(argv[5]) == 1, net = atoi(argv[6]), move_after = atoi(argv[7]);
  requests = read_requests(argv[8]);
  context = create_context();
  struct client* clients = calloc(count, sizeof *clients);
  int64_t start = now();
  end = start + (int64_t)(atof(argv[3]) * 1e9);
  for (size_t index = 0; index < count; index++) {
    clients[index].index = index;
    if (pthread_create(&clients[index].thread, NULL, work, &clients[index]) != 0) fail("pthread_create");
  }
  size_t answered = 0, failed = 0, late = 0, resumed = 0;
  for (size_t index = 0; index < count; index++) {
    pthread_join(clients[index].thread, NULL);
    answered += clients[index].answered, failed += clients[index].failed, resumed += clients[index].resumed;
    late += clients[index].late;
  }
  printf("%zu %zu %.6f %zu %zu\n", answered, failed, (double)(end - start) / 1e9, late, resumed);
  for (size_t index = 0; index < count; index++) {
    size_t kept = clients[index].answered < MAX_LATENCIES ? clients[index].answered : MAX_LATENCIES;
    print_latencies(clients[index].latencies, kept);
  }
  return 0;
}
