// The floor for processes: N workers forked from one warmed process, each with a keep-alive handle of
// libcurl's easy interface, fed by the parent over socket pairs: 4 bytes out, the answer back. No
// books, no limits, no JSON.
//   forked_curl URL BODY-FILE CALLS WORKERS
// Exit code 1 when a call was not answered with 200.
#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMost = 1 << 16 };
struct answer {
  uint32_t status, length;
  char text[kMost];
};
static char body[4096];
static struct answer answer;

static size_t keep(char *data, size_t size, size_t count, void *user) {
  (void)user;
  size_t bytes = size * count;
  if (answer.length + bytes > kMost) return 0;
  memcpy(answer.text + answer.length, data, bytes);
  answer.length += (uint32_t)bytes;
  return bytes;
}

static void work(int channel, const char *url, long length, struct curl_slist *headers) {
  CURL *call = curl_easy_init();
  curl_easy_setopt(call, CURLOPT_URL, url);
  curl_easy_setopt(call, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(call, CURLOPT_POSTFIELDSIZE, length);
  curl_easy_setopt(call, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(call, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(call, CURLOPT_TIMEOUT, 120L);
  uint32_t number;
  while (read(channel, &number, sizeof number) == sizeof number) {
    answer.status = answer.length = 0;
    long status = 0;
    if (curl_easy_perform(call) == CURLE_OK) curl_easy_getinfo(call, CURLINFO_RESPONSE_CODE, &status);
    answer.status = (uint32_t)status;
    size_t bytes = offsetof(struct answer, text) + answer.length;
    if (write(channel, &answer, bytes) != (ssize_t)bytes) break;
  }
  _exit(0);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  FILE *file = fopen(argv[2], "rb");
  if (!file) return 2;
  long length = (long)fread(body, 1, sizeof body, file);
  fclose(file);
  uint32_t calls = (uint32_t)atol(argv[3]), workers = (uint32_t)atol(argv[4]), begun = 0, failed = 0;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  curl_easy_cleanup(curl_easy_init());
  int poll = epoll_create1(EPOLL_CLOEXEC);
  for (uint32_t i = 0; i < workers && i < calls; ++i) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) return 3;
    pid_t pid = fork();
    if (pid < 0) return 3;
    if (pid == 0) {
      close(ends[0]);
      close(poll);
      work(ends[1], argv[1], length, headers);
    }
    close(ends[1]);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = ends[0]};
    epoll_ctl(poll, EPOLL_CTL_ADD, ends[0], &event);
    if (write(ends[0], &begun, sizeof begun) != sizeof begun) return 3;
    ++begun;
  }
  for (uint32_t ended = 0; ended < calls;) {
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, 130000);
    if (ready <= 0) return 3;
    for (int i = 0; i < ready; ++i) {
      int channel = events[i].data.fd;
      ssize_t bytes = read(channel, &answer, sizeof answer);
      if (bytes <= 0) return 3;
      failed += answer.status != 200;
      ++ended;
      if (begun < calls) {
        if (write(channel, &begun, sizeof begun) != sizeof begun) return 3;
        ++begun;
      } else {
        close(channel);
      }
    }
  }
  while (wait(NULL) > 0) {}
  return failed > 0;
}
