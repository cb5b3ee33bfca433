"""What must be true of a run, whatever was done to its workers: held against the ledger, the outputs
of a local run of the same items, and the books of whoever was asked.

Answered calls are never paid twice. What was in the air when a worker died may be asked for again: it is
then *unknown* in the ledger, with a worst case that covers it.
"""

DONE = 3  # of items.status; see supervisor/states.h
SENT, ANSWERED, FAILED, UNKNOWN = range(4)  # of tries.outcome; see supervisor/ledger/records.h


class Audit:
    def __init__(self, job, reference, finished=True, faults=True):
        self.job, self.reference, self.finished, self.faults = job, reference, finished, faults
        self.ledger = job.ledger()
        self.wrong = []

    def run(self):
        """A list of what is wrong, each in a sentence."""
        self._check_items()
        self._check_calls()
        self._check_outputs()
        if self.job.provider:
            self._check_books()
        return self.wrong

    def _expect(self, what, got, expected):
        if got != expected:
            self.wrong.append(f"{what}: {got}, expected {expected}")

    def _one(self, query, *values):
        return self.ledger.execute(query, values).fetchone()[0]

    def _check_items(self):
        self._expect("the ledger", self._one("PRAGMA integrity_check"), "ok")
        self._expect("items", self._one("SELECT count(*) FROM items"), self.job.items)
        done = self._one("SELECT count(*) FROM items WHERE status = ?", DONE)
        attempts = self._one("SELECT count(*) FROM attempts WHERE outcome = 'done'")
        self._expect("attempts that were done", attempts, done)
        if self.finished:
            self._expect("items that are done", done, self.job.items)
            self._expect("open attempts",
                         self._one("SELECT count(*) FROM attempts WHERE outcome IS NULL"), 0)
            self._expect("tries in the air",
                         self._one("SELECT count(*) FROM tries WHERE outcome = ?", SENT), 0)
        if not self.faults:
            self._expect("attempts", self._one("SELECT count(*) FROM attempts"), self.job.items)
            self._expect("tries that were not answered",
                         self._one("SELECT count(*) FROM tries WHERE outcome <> ?", ANSWERED), 0)

    def _check_calls(self):
        twice = self._one("SELECT count(*) FROM (SELECT call FROM tries WHERE outcome = ?"
                          " GROUP BY call HAVING count(*) > 1)", ANSWERED)
        self._expect("calls that were answered twice", twice, 0)
        again = self._one("SELECT count(*) FROM (SELECT 1 FROM calls GROUP BY item, step"
                          " HAVING count(*) > 1)")
        self._expect("steps that were asked for with two requests", again, 0)
        if self.finished:
            answered = self._one("SELECT count(*) FROM tries WHERE outcome = ?", ANSWERED)
            self._expect("answered calls", answered, self.job.items * 8)

    def _check_outputs(self):
        outputs = self.job.outputs()
        for name, text in outputs.items():
            if text != self.reference.get(name):
                self.wrong.append(f"{name} is not what a local run writes")
        if self.finished:
            self._expect("outputs", len(outputs), self.job.items)

    def _check_books(self):
        """Every bill is for an answer in the ledger or for a try that is unknown there."""
        bills = self.job.provider.bills()
        answered = self._one("SELECT count(*) FROM tries WHERE outcome = ?", ANSWERED)
        unknown = self._one("SELECT count(*) FROM tries WHERE outcome IN (?, ?)", UNKNOWN, SENT)
        billed = sum(len(of_body) for of_body in bills.values())
        if not answered <= billed <= answered + unknown:
            self.wrong.append(f"{billed} answers were billed; the ledger has {answered}, and {unknown}"
                              " tries of which nobody knows")
        money = sum(bill["picodollars"] for of_body in bills.values() for bill in of_body)
        most = self._one("SELECT coalesce(sum(CASE outcome WHEN ? THEN cost WHEN ? THEN 0 ELSE worst END),"
                         " 0) FROM tries", ANSWERED, FAILED)
        if money > most:
            self.wrong.append(f"{money} picodollars were billed, the ledger counts with {most}")
        if self.finished:
            self._check_sums([of_body[0] for of_body in bills.values()])

    def _check_sums(self, first_bills):
        """Of each request one bill: what all the answers cost, to the token."""
        row = self.ledger.execute("SELECT count(*), sum(input), sum(cached), sum(output), sum(cost)"
                                  " FROM tries WHERE outcome = ?", (ANSWERED,)).fetchone()
        names = ("calls", "input tokens", "cached tokens", "output tokens", "picodollars")
        sums = [len(first_bills)] + [sum(bill[name] for bill in first_bills)
                                     for name in ("input", "cached", "output", "picodollars")]
        for name, got, expected in zip(names, row, sums):
            self._expect(name, got, expected)
