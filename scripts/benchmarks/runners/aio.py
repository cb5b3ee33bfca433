"""A runner as people write them: asyncio, aiohttp, a semaphore, results appended to a file.

    aio.py URL BODY-FILE CALLS AT-ONCE RESULTS
"""

import asyncio
import json
import sys

import aiohttp

url, body_file, calls, at_once, results = sys.argv[1:6]
with open(body_file, "rb") as file:
    BODY = file.read()
HEADERS = {"Content-Type": "application/json"}


async def main():
    semaphore = asyncio.Semaphore(int(at_once))
    connector = aiohttp.TCPConnector(limit=int(at_once))
    timeout = aiohttp.ClientTimeout(total=None, sock_read=120)
    with open(results, "w", encoding="utf-8") as out:
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

            async def one(number):
                async with semaphore:
                    async with session.post(url, data=BODY, headers=HEADERS) as reply:
                        reply.raise_for_status()
                        answer = await reply.json()
                text = answer["choices"][0]["message"]["content"]
                out.write(json.dumps({"id": number, "text": text}) + "\n")

            await asyncio.gather(*(one(number) for number in range(int(calls))))


asyncio.run(main())
