/*
 * An S3-like server that forgets every byte: what a client costs shows without the cost of storing. One thread a
 * connection. Over http bodies are dropped in the kernel (MSG_TRUNC copies nothing) and sent with sendfile.
 *
 *   discard-server PORT [--tls CERT KEY] [--latency-ms N]
 *
 * Binds 127.0.0.1 only. A key ending in `sized-N` exists with N bytes; other keys once they were uploaded. The byte
 * at an offset is the same in every GET. `GET /_stats` answers what happened since the last such request.
 */
#define _GNU_SOURCE
#include "discard-server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define SCRATCH (256 << 10)
#define PATTERN (64 << 20) /* GETs repeat after so many bytes */

static SSL_CTX *tls;
static int latency_ms, pattern_fd;
static char *pattern;

static ssize_t read_some(conn *c, void *into, size_t length) {
  if (!c->ssl) return recv(c->fd, into, length, 0);
  return SSL_read(c->ssl, into, length > 1 << 30 ? 1 << 30 : (int)length);
}

static int write_all(conn *c, const char *from, size_t length) {
  while (length > 0) {
    ssize_t n = c->ssl ? SSL_write(c->ssl, from, length > 1 << 20 ? 1 << 20 : (int)length)
                       : send(c->fd, from, length, MSG_NOSIGNAL);
    if (n <= 0) return -1;
    from += n, length -= n;
  }
  return 0;
}

/* Drops `length` bytes of the body: first what came with the head, then from the socket. */
static int drop(conn *c, uint64_t length) {
  size_t here = c->end - c->start;
  if (here > length) here = length;
  c->start += here, length -= here;
  while (length > 0) {
    size_t want = length > 1 << 20 ? 1 << 20 : length;
    ssize_t n = c->ssl ? SSL_read(c->ssl, c->scratch, want > SCRATCH ? SCRATCH : want)
                       : recv(c->fd, c->scratch, want, MSG_TRUNC);
    if (n <= 0) return -1;
    length -= n;
  }
  return 0;
}

/* Makes one line (or, with "\r\n\r\n", a head) available at c->buffer + c->start; its length or -1. */
static ssize_t read_until(conn *c, const char *mark) {
  size_t width = strlen(mark);
  for (;;) {
    char *at = memmem(c->buffer + c->start, c->end - c->start, mark, width);
    if (at) return at - (c->buffer + c->start) + width;
    if (c->start > 0) {
      memmove(c->buffer, c->buffer + c->start, c->end - c->start);
      c->end -= c->start, c->start = 0;
    }
    if (c->end == sizeof c->buffer) return -1;
    ssize_t n = read_some(c, c->buffer + c->end, sizeof c->buffer - c->end);
    if (n <= 0) return -1;
    c->end += n;
  }
}

static int64_t drop_chunked(conn *c) {
  int64_t total = 0;
  for (;;) {
    ssize_t line = read_until(c, "\r\n");
    if (line < 0) return -1;
    uint64_t size = strtoull(c->buffer + c->start, NULL, 16);
    c->start += line;
    if (drop(c, size + 2)) return -1;
    if (size == 0) return total;
    total += size;
  }
}

int answer(conn *c, int status, const char *headers, const char *body) {
  char head[2048];
  int n = snprintf(head, sizeof head,
                   "HTTP/1.1 %d %s\r\nServer: discard\r\nx-amz-request-id: 1\r\n"
                   "Content-Length: %zu\r\n%s\r\n%s",
                   status, status < 300 ? "OK" : "Error", strlen(body), headers, body);
  if (latency_ms) usleep(latency_ms * 1000);
  return write_all(c, head, n);
}

int answer_bytes(conn *c, const request *r, uint64_t size) {
  uint64_t first = 0, last = size - 1;
  char head[512], range[96] = "";
  int ranged = !strncmp(r->range, "bytes=", 6) && size > 0;
  if (ranged) {
    char *dash;
    first = strtoull(r->range + 6, &dash, 10);
    if (dash[0] == '-' && dash[1]) last = strtoull(dash + 1, NULL, 10);
    if (first >= size) return answer(c, 416, "", "");
    if (last >= size) last = size - 1;
    snprintf(range, sizeof range, "Content-Range: bytes %lu-%lu/%lu\r\n", first, last, size);
  }
  uint64_t length = size ? last - first + 1 : 0;
  int n = snprintf(head, sizeof head,
                   "HTTP/1.1 %s\r\nServer: discard\r\nContent-Length: %lu\r\n%sAccept-Ranges: bytes\r\n"
                   "ETag: \"%032lx-1\"\r\nLast-Modified: Sat, 01 Aug 2026 00:00:00 GMT\r\n"
                   "Content-Type: application/octet-stream\r\n\r\n",
                   ranged ? "206 Partial Content" : "200 OK", length, range, size);
  if (latency_ms) usleep(latency_ms * 1000);
  if (write_all(c, head, n)) return -1;
  if (r->is_head) return 0;
  count_bytes(0, length);
  while (length > 0) {
    off_t at = first % PATTERN;
    size_t step = PATTERN - at > (off_t)length ? length : (size_t)(PATTERN - at);
    ssize_t sent = c->ssl ? (write_all(c, pattern + at, step) ? -1 : (ssize_t)step)
                          : sendfile(c->fd, pattern_fd, &at, step);
    if (sent <= 0) return -1;
    first += sent, length -= sent;
  }
  return 0;
}

static void header(const char *head, const char *name, char *into, size_t size) {
  const char *at = strcasestr(head, name);
  into[0] = 0;
  if (!at) return;
  at += strlen(name);
  at += strspn(at, " ");
  snprintf(into, size, "%.*s", (int)strcspn(at, "\r\n"), at);
}

/* Reads one request and its body and answers it; -1 when the connection is over. */
static int serve_one(conn *c) {
  ssize_t length = read_until(c, "\r\n\r\n");
  if (length < 0) return -1;
  char head[sizeof c->buffer + 1], value[128];
  memcpy(head, c->buffer + c->start, length);
  head[length] = 0;
  c->start += length;
  request r = {0};
  if (sscanf(head, "%15s %2047s", r.method, r.path) != 2) return -1;
  r.is_head = !strcmp(r.method, "HEAD");
  char *mark = strchr(r.path, '?');
  if (mark) *mark = 0, r.query = mark + 1;
  else r.query = "";
  header(head, "\r\nrange:", r.range, sizeof r.range);
  header(head, "\r\nexpect:", value, sizeof value);
  if (value[0] && write_all(c, "HTTP/1.1 100 Continue\r\n\r\n", 25)) return -1;
  header(head, "\r\ntransfer-encoding:", value, sizeof value);
  if (!strcasecmp(value, "chunked")) {
    int64_t total = drop_chunked(c);
    if (total < 0) return -1;
    r.bytes = total;
  } else {
    header(head, "\r\ncontent-length:", value, sizeof value);
    r.bytes = strtoull(value, NULL, 10);
    if (drop(c, r.bytes)) return -1;
  }
  header(head, "\r\nx-amz-decoded-content-length:", value, sizeof value);
  if (value[0]) r.bytes = strtoull(value, NULL, 10);
  return respond(c, &r);
}

static void *serve(void *argument) {
  conn *c = argument;
  int on = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  c->scratch = malloc(SCRATCH);
  if (tls) {
    c->ssl = SSL_new(tls);
    SSL_set_fd(c->ssl, c->fd);
  }
  if (!c->ssl || SSL_accept(c->ssl) == 1)
    while (serve_one(c) == 0) {}
  if (c->ssl) SSL_free(c->ssl);
  close(c->fd);
  free(c->scratch);
  free(c);
  return NULL;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void use_tls(const char *certificate, const char *key) {
  tls = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
    fail("certificate");
  SSL_CTX_set_read_ahead(tls, 1); /* several records per read(2) */
  SSL_CTX_set_default_read_buffer_len(tls, SCRATCH);
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: discard-server PORT [--tls CERT KEY] [--latency-ms N]\n"), 2;
  for (int i = 2; i < argc; i++) {
    if (!strcmp(argv[i], "--tls") && i + 2 < argc) use_tls(argv[i + 1], argv[i + 2]), i += 2;
    else if (!strcmp(argv[i], "--latency-ms") && i + 1 < argc) latency_ms = atoi(argv[++i]);
  }
  signal(SIGPIPE, SIG_IGN);
  pattern_fd = memfd_create("pattern", 0);
  if (ftruncate(pattern_fd, PATTERN)) fail("ftruncate");
  pattern = mmap(NULL, PATTERN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, pattern_fd, 0);
  for (size_t at = 0; at < PATTERN; at += 256) getrandom(pattern + at, 256, 0);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 256)) fail("listen");
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    conn *c = calloc(1, sizeof *c);
    pthread_t thread;
    c->fd = accept(listener, NULL, NULL);
    if (c->fd < 0 || pthread_create(&thread, NULL, serve, c)) fail("accept");
    pthread_detach(thread);
  }
}
