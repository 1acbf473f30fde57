/* What the discarding server remembers (sizes, never bytes) and how it answers S3's operations. */
#define _GNU_SOURCE
#include "discard-server.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MAX_PARTS 10001

typedef struct entry {
  struct entry *next;
  char *path;
  unsigned id; /* 0: an object */
  uint64_t bytes;
  uint64_t *parts; /* of an upload, by number */
} entry;

static entry *entries;
static unsigned last_id;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

enum { PUT, PART, CREATE, COMPLETE, ABORT, PARTS, HEAD, GET, LIST, REMOVE, OTHER, OPERATIONS };
static const char *const NAMES[] = {"put", "part", "create", "complete", "abort", "parts",
                                    "head", "get", "list", "remove", "other"};
static uint64_t counts[OPERATIONS], bytes_in, bytes_out;

void count_bytes(uint64_t in, uint64_t out) {
  pthread_mutex_lock(&lock);
  bytes_in += in, bytes_out += out;
  pthread_mutex_unlock(&lock);
}

static entry *find(const char *path, unsigned id) {
  for (entry *e = entries; e; e = e->next)
    if (e->id == id && !strcmp(e->path, path)) return e;
  return NULL;
}

static entry *add(const char *path, unsigned id) {
  entry *e = calloc(1, sizeof *e);
  e->path = strdup(path), e->id = id, e->next = entries;
  return entries = e;
}

static void remove_entry(const char *path, unsigned id) {
  for (entry **at = &entries; *at; at = &(*at)->next) {
    if ((*at)->id != id || strcmp((*at)->path, path)) continue;
    entry *gone = *at;
    *at = gone->next;
    free(gone->parts), free(gone->path), free(gone);
    return;
  }
}

static void set_object(const char *path, uint64_t bytes) {
  entry *e = find(path, 0);
  (e ? e : add(path, 0))->bytes = bytes;
}

static int operation(const request *r) {
  const char *key = r->path[0] ? strchr(r->path + 1, '/') : NULL;
  int upload = strstr(r->query, "uploadId=") != NULL, root = !key || !key[1];
  if (!strcmp(r->method, "PUT")) return upload ? PART : root ? OTHER : PUT;
  if (!strcmp(r->method, "POST")) return upload ? COMPLETE : strstr(r->query, "uploads") ? CREATE : OTHER;
  if (!strcmp(r->method, "DELETE")) return upload ? ABORT : REMOVE;
  if (r->is_head) return root ? OTHER : HEAD;
  if (upload) return PARTS;
  return root ? LIST : GET;
}

static unsigned number(const char *query, const char *name) {
  const char *at = strstr(query, name);
  return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static int no_such(conn *c, const char *what) {
  char body[160];
  snprintf(body, sizeof body, "<?xml version=\"1.0\"?><Error><Code>NoSuch%s</Code><Message>none</Message></Error>", what);
  return answer(c, 404, "Content-Type: application/xml\r\n", body);
}

static int stats(conn *c) {
  struct rusage use;
  char body[1024];
  int n = 0;
  getrusage(RUSAGE_SELF, &use);
  pthread_mutex_lock(&lock);
  for (int i = 0; i < OPERATIONS; i++) n += sprintf(body + n, "%s\"%s\":%lu", i ? "," : "{", NAMES[i], counts[i]);
  sprintf(body + n, ",\"bytesIn\":%lu,\"bytesOut\":%lu,\"cpuSeconds\":%.3f}", bytes_in, bytes_out,
          use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
  memset(counts, 0, sizeof counts);
  bytes_in = bytes_out = 0;
  pthread_mutex_unlock(&lock);
  return answer(c, 200, "Content-Type: application/json\r\n", body);
}

/* "<Part>…</Part>" for every part: at most 10,000 lines, so one page unlike S3. */
static int list_parts(conn *c, entry *e) {
  char *body = malloc(64 + MAX_PARTS * 160);
  int n = sprintf(body, "<?xml version=\"1.0\"?><ListPartsResult><IsTruncated>false</IsTruncated>");
  for (int i = 1; i < MAX_PARTS; i++)
    if (e->parts[i])
      n += sprintf(body + n, "<Part><PartNumber>%d</PartNumber><ETag>\"%032lx-1\"</ETag><Size>%lu</Size></Part>", i,
                   e->parts[i], e->parts[i]);
  strcpy(body + n, "</ListPartsResult>");
  int result = answer(c, 200, "Content-Type: application/xml\r\n", body);
  free(body);
  return result;
}

static int respond_upload(conn *c, const request *r, int op) {
  unsigned id = op == CREATE ? 0 : number(r->query, "uploadId="), part = number(r->query, "partNumber=");
  uint64_t total = 0;
  char text[4096];
  pthread_mutex_lock(&lock);
  entry *e = op == CREATE ? add(r->path, id = ++last_id) : find(r->path, id);
  if (op == CREATE) e->parts = calloc(MAX_PARTS, sizeof *e->parts);
  if (e && op == PART && part < MAX_PARTS) e->parts[part] = r->bytes;
  if (e && op == COMPLETE) {
    for (int i = 1; i < MAX_PARTS; i++) total += e->parts[i];
    set_object(r->path, total);
  }
  if (e && (op == COMPLETE || op == ABORT)) remove_entry(r->path, id);
  pthread_mutex_unlock(&lock);
  if (!e) return no_such(c, "Upload");
  if (op == PARTS) return list_parts(c, e);
  if (op == ABORT) return answer(c, 204, "", "");
  if (op == PART) {
    snprintf(text, sizeof text, "ETag: \"%032lx-1\"\r\n", r->bytes);
    return answer(c, 200, text, "");
  }
  snprintf(text, sizeof text,
           op == CREATE ? "<?xml version=\"1.0\"?><InitiateMultipartUploadResult><Key>%.2000s</Key><UploadId>%lu"
                          "</UploadId></InitiateMultipartUploadResult>"
                        : "<?xml version=\"1.0\"?><CompleteMultipartUploadResult><Key>%.2000s</Key><ETag>\"%032lx-1\""
                          "</ETag></CompleteMultipartUploadResult>",
           r->path, op == CREATE ? id : total);
  return answer(c, 200, "Content-Type: application/xml\r\n", text);
}

static int respond_object(conn *c, const request *r, int op) {
  const char *sized = strstr(r->path, "sized-");
  pthread_mutex_lock(&lock);
  if (op == PUT) set_object(r->path, r->bytes);
  if (op == REMOVE) remove_entry(r->path, 0);
  entry *e = find(r->path, 0);
  uint64_t bytes = e ? e->bytes : sized ? strtoull(sized + 6, NULL, 10) : 0;
  pthread_mutex_unlock(&lock);
  char etag[64];
  snprintf(etag, sizeof etag, "ETag: \"%032lx-1\"\r\n", r->bytes);
  if (op == PUT) return answer(c, 200, etag, "");
  if (op == REMOVE) return answer(c, 204, "", "");
  if (!e && !sized) return r->is_head ? answer(c, 404, "", "") : no_such(c, "Key");
  return answer_bytes(c, r, bytes);
}

int respond(conn *c, const request *r) {
  if (!strcmp(r->path, "/_stats")) return stats(c);
  int op = operation(r);
  pthread_mutex_lock(&lock);
  counts[op]++;
  bytes_in += r->bytes;
  pthread_mutex_unlock(&lock);
  switch (op) {
    case LIST:
      return answer(c, 200, "Content-Type: application/xml\r\n",
                    "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
    case OTHER: return answer(c, 200, "", "");
    case PUT: case REMOVE: case HEAD: case GET: return respond_object(c, r, op);
    default: return respond_upload(c, r, op);
  }
}
