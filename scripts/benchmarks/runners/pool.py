"""A runner as people write them: multiprocessing.Pool, imap_unordered, results appended to a file.

    pool.py urllib|requests URL BODY-FILE CALLS AT-ONCE RESULTS

requests keeps one Session a process, and so its connection; urllib cannot.
"""

import json
import multiprocessing
import sys
import urllib.request

how, url, body_file, calls, at_once, results = sys.argv[1:7]
with open(body_file, "rb") as file:
    BODY = file.read()
HEADERS = {"Content-Type": "application/json"}

if how == "requests":
    import requests

    SESSION = requests.Session()
    SESSION.trust_env = False


def with_urllib(number):
    request = urllib.request.Request(url, BODY, HEADERS)
    with urllib.request.urlopen(request, timeout=120) as reply:
        return number, json.load(reply)["choices"][0]["message"]["content"]


def with_requests(number):
    reply = SESSION.post(url, data=BODY, headers=HEADERS, timeout=120)
    reply.raise_for_status()
    return number, reply.json()["choices"][0]["message"]["content"]


def main():
    work = with_urllib if how == "urllib" else with_requests
    with multiprocessing.Pool(int(at_once)) as pool, open(results, "w", encoding="utf-8") as out:
        for number, text in pool.imap_unordered(work, range(int(calls))):
            out.write(json.dumps({"id": number, "text": text}) + "\n")


if __name__ == "__main__":
    main()
