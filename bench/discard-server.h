#pragma once
#include <openssl/ssl.h>
#include <stdint.h>

typedef struct {
  int fd;
  SSL *ssl; /* NULL over http */
  char buffer[16384]; /* heads, and what was read behind them: start to end */
  size_t start, end;
  char *scratch;
} conn;

typedef struct {
  char method[16], path[2048], range[128];
  const char *query;
  int is_head;
  uint64_t bytes; /* of the body, which is already dropped */
} request;

/* discard-server.c; headers are whole lines ending in CRLF. Each returns -1 when the connection is over. */
int answer(conn *c, int status, const char *headers, const char *body);
int answer_bytes(conn *c, const request *r, uint64_t size);

/* discard-store.c */
int respond(conn *c, const request *r);
void count_bytes(uint64_t in, uint64_t out);
