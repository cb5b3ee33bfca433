"""The upstream of all measures: Debian's nginx, private to one run, in a folder of its own.

It answers every POST with the same chat completion of about 1 KB: at once, after a fixed delay
(by the echo module, which Debian's nginx-light brings along), or at most 200 times a second and with
429 beyond that. Its access log says when every request arrived and how it was answered.
"""

import dataclasses
import getpass
import json
import pathlib
import shutil
import socket
import subprocess
import time

from benchmarks import processes

ECHO_MODULE = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
LIMIT_PER_SECOND = 200
LIMIT_BURST = 50
MODEL = "bench-model"

ANSWER = json.dumps({
    "id": "chatcmpl-bench0000000000000000000001", "object": "chat.completion", "created": 1700000000,
    "model": MODEL,
    "choices": [{"index": 0, "finish_reason": "stop", "message": {
        "role": "assistant",
        "content": "Forty-two has been called the answer to life, the universe and everything. " * 9}}],
    "usage": {"prompt_tokens": 24, "completion_tokens": 150, "total_tokens": 174},
    "system_fingerprint": "fp_bench"})

CONFIG = """\
load_module {echo_module};
{user}
worker_processes auto;
worker_rlimit_nofile 16384;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  log_format bench '$msec $request_time $status';
  access_log {folder}/access.log bench buffer=64k flush=100ms;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_body_buffer_size 64k;
  default_type application/json;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  limit_req_zone all zone=limited:1m rate={rate}r/s;
  limit_req_status 429;
  ssl_certificate {folder}/server.pem;
  ssl_certificate_key {folder}/server.key;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    listen 127.0.0.1:{tls_port} ssl backlog=4096;
    location /now/ {{ return 200 '{answer}'; }}
    location /after-200ms/ {{ echo_sleep 0.2; echo_exec @answer; }}
    location /after-2s/ {{ echo_sleep 2; echo_exec @answer; }}
    location /after-60s/ {{ echo_sleep 60; echo_exec @answer; }}
    location /limited/ {{
      limit_req zone=limited burst={burst} nodelay;
      error_page 429 @refused;
      echo_exec @answer;
    }}
    location @refused {{ return 429 '{refused}'; }}
    location @answer {{ return 200 '{answer}'; }}
  }}
}}
"""

REFUSED = json.dumps({"error": {"message": "Rate limit reached", "type": "requests",
                                "code": "rate_limit_exceeded"}})


@dataclasses.dataclass
class Request:
    """Seconds since 1970; nginx counts in milliseconds."""

    arrived: float
    answered: float
    status: int


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def missing():
    """Why there can be no upstream, or nothing."""
    if not program():
        return "nginx (Debian's nginx-light)"
    if not pathlib.Path(ECHO_MODULE).exists():
        return f"{ECHO_MODULE} (Debian's libnginx-mod-http-echo)"
    return None


def program():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


class Upstream:
    """A running nginx and its log."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.port, self.tls_port = free_port(), free_port()
        self.ca = self.folder / "ca.pem"
        # The first of both counts, and either may be set to something else already.
        self.trust = {"CURL_CA_BUNDLE": str(self.ca), "SSL_CERT_FILE": str(self.ca)}
        self._make_certificates()
        user = getpass.getuser()
        config = CONFIG.format(echo_module=ECHO_MODULE, folder=self.folder, port=self.port,
                               tls_port=self.tls_port, rate=LIMIT_PER_SECOND, burst=LIMIT_BURST,
                               answer=ANSWER, refused=REFUSED,
                               user=f"user {user};" if user == "root" else "")
        (self.folder / "nginx.conf").write_text(config, encoding="utf-8")
        self.nginx = processes.Program(
            [program(), "-p", self.folder, "-c", self.folder / "nginx.conf", "-e",
             self.folder / "error.log"], log=self.folder / "nginx.log")
        self._offset, self._since = 0, 0.0
        self._wait_until_up()

    def url(self, kind, tls=False):
        """The base URL of a kind of answers: now, after-200ms, after-2s, after-60s, limited."""
        if tls:
            return f"https://localhost:{self.tls_port}/{kind}/v1"
        return f"http://127.0.0.1:{self.port}/{kind}/v1"

    def forget(self):
        """What was asked so far does not belong to what comes."""
        time.sleep(0.15)
        self._since = time.time() - 0.001
        self._offset = (self.folder / "access.log").stat().st_size

    def requests(self):
        """Since forget(), by the time they arrived. Those that are not answered yet are missing."""
        time.sleep(0.25)  # nginx writes its log every 0.1 s
        with open(self.folder / "access.log", encoding="ascii") as log:
            log.seek(self._offset)
            rows = [line.split() for line in log]
        found = [Request(float(end) - float(took), float(end), int(status))
                 for end, took, status in rows]
        # What is logged late was asked by a program that was killed before.
        return sorted((request for request in found if request.arrived >= self._since),
                      key=lambda request: request.arrived)

    def end(self):
        self.nginx.end()

    def _wait_until_up(self):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.nginx.wait(0.025):
                    break
        raise RuntimeError(f"nginx did not start:\n{self.nginx.tail()}")

    def _make_certificates(self):
        """A private authority and a certificate of localhost by it."""
        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=self.folder, check=True, timeout=30,
                           stdin=subprocess.DEVNULL, capture_output=True)

        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=bench authority",
                "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", *curve, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n",
                                           encoding="ascii")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                "-CAcreateserial", "-extfile", "names", "-out", "server.pem")
