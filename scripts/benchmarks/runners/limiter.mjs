// A runner as people write them: Node's own fetch behind a concurrency limiter, results to a file.
//   node limiter.mjs URL BODY-FILE CALLS AT-ONCE RESULTS
import { createWriteStream, readFileSync } from 'node:fs';

const [url, bodyFile, calls, atOnce, results] = process.argv.slice(2);
const body = readFileSync(bodyFile);
const out = createWriteStream(results);

function limiter(most) {
  let running = 0;
  const waiting = [];
  const next = () => {
    if (running >= most || waiting.length === 0) return;
    ++running;
    const { work, resolve, reject } = waiting.shift();
    work().then(resolve, reject).finally(() => { --running; next(); });
  };
  return (work) => new Promise((resolve, reject) => { waiting.push({ work, resolve, reject }); next(); });
}

async function one(number) {
  const reply = await fetch(url, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  const answer = await reply.json();
  out.write(JSON.stringify({ id: number, text: answer.choices[0].message.content }) + '\n');
}

const limit = limiter(Number(atOnce));
await Promise.all(Array.from({ length: Number(calls) }, (_, number) => limit(() => one(number))));
out.end();
