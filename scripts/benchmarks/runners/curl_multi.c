// The floor: one process, libcurl's multi interface, keep-alive, answers read and dropped. No books.
//   curl_multi URL BODY-FILE CALLS AT-ONCE
// Exit code 1 when a call was not answered with 200.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

static char body[4096];
static struct curl_slist *headers;

static size_t drop(char *data, size_t size, size_t count, void *user) {
  (void)data, (void)user;
  return size * count;
}

static CURL *new_call(const char *url, long length) {
  CURL *call = curl_easy_init();
  curl_easy_setopt(call, CURLOPT_URL, url);
  curl_easy_setopt(call, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(call, CURLOPT_POSTFIELDSIZE, length);
  curl_easy_setopt(call, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(call, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(call, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(call, CURLOPT_TIMEOUT, 120L);
  return call;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  FILE *file = fopen(argv[2], "rb");
  if (!file) return 2;
  long length = (long)fread(body, 1, sizeof body, file);
  fclose(file);
  long calls = atol(argv[3]), at_once = atol(argv[4]), begun = 0, failed = 0;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  headers = curl_slist_append(NULL, "Content-Type: application/json");
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, at_once);
  for (; begun < calls && begun < at_once; ++begun) {
    curl_multi_add_handle(multi, new_call(argv[1], length));
  }
  for (long ended = 0; ended < calls;) {
    int running = 0, left = 0;
    curl_multi_perform(multi, &running);
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL *call = message->easy_handle;
      long status = 0;
      curl_easy_getinfo(call, CURLINFO_RESPONSE_CODE, &status);
      failed += message->data.result != CURLE_OK || status != 200;
      ++ended;
      curl_multi_remove_handle(multi, call);
      if (begun < calls) {
        ++begun;
        curl_multi_add_handle(multi, call);
      }
    }
    if (ended < calls) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  return failed > 0;
}
