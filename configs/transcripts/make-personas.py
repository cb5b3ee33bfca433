#!/usr/bin/env python3
"""Writes a folder of personas: those that are shipped, and as many invented ones as are wanted.

    python3 make-personas.py --count 102 --out personas-102
    muster run transcripts.yaml --set personas=personas-102

An invented persona has the same seven files as the others. All its figures follow from --seed and
agree with each other: pay with deductions, lines of spending with their sum, a loan with its monthly
payment.
"""
import argparse
import json
import pathlib
import random
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent

FIRST = """Amara Owen Farida Callum Ingrid Dafydd Leila Marek Josephine Tariq Bronwen Stefan Nkechi
Gareth Sunita Ewan Rosalind Piotr Hyacinth Idris Morag Vikram Celia Declan Zainab Hamish""".split()
LAST = """Barlow Chaudhry Lennox Ogden Tremaine Vaughan Whitaker Asante Kovac Penhallow Rashid
Strickland Mbeki Gallagher Nowak Fairweather Sutcliffe Bello Hargreaves Linton""".split()
ADVISERS = ["Priya Nair", "Colin Marsh", "Ruth Adeleke", "Gwen Ashby"]
TOWNS = """Carlisle Dundee Exeter Halifax Inverness Ipswich Kendal Lincoln Newport Norwich Oban Perth
Plymouth Preston Stirling Swansea Truro Wakefield""".split()
WORK = [("bus driver", 31_000), ("radiographer", 43_000), ("bookkeeper", 29_500), ("chef", 33_000),
        ("electrician", 41_500), ("librarian", 30_500), ("vet", 52_000), ("site manager", 58_000),
        ("train dispatcher", 36_500), ("pharmacist", 49_000), ("primary teacher", 42_000),
        ("lorry driver", 38_500), ("solicitor", 61_000), ("optician", 47_500)]
PLANS = [("buy a first home", 0.9), ("extend the house for a parent to move in", 0.4),
         ("stop work at sixty", 0.2), ("take a year off to study", 0.1),
         ("help a daughter with a deposit", 0.3), ("open a shop", 0.5), ("pay the mortgage off", 0.6)]
MOODS = ["careful, dry, answers a question with a figure", "warm and quick to laugh, loses the thread",
         "nervous, apologises for knowing so little", "brisk, has read a lot and half of it is wrong",
         "tired after a shift, plain and direct"]
MISTAKES = ["a tax-free allowance that is unused this year can be used in the next",
            "the state pension is paid without being claimed",
            "money in a pension is lost when its owner dies",
            "an overdraft does not count as a debt when a lender asks",
            "the bank pays back every pound of savings, however many"]


def pounds(amount):
    return f"£{round(amount):,}"


def monthly_payment(loan, rate, years):
    """Of a repayment loan, whole pounds."""
    r, n = rate / 1200, years * 12
    return round(loan * r / (1 - (1 + r) ** -n))


def take_home(salary):
    """A month's pay after the usual deductions, roughly: enough for an invented person."""
    taxed = max(0, salary - 12_570)
    return round((salary - 0.28 * min(taxed, 37_700) - 0.42 * max(0, taxed - 37_700)) / 12)


def persona(number, chance):
    """Files by name, and the row of _summary.json."""
    name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
    work, base = chance.choice(WORK)
    age, town, adviser = chance.randint(26, 62), chance.choice(TOWNS), chance.choice(ADVISERS)
    salary = base + 500 * chance.randint(-4, 8)
    net = take_home(salary)
    plan, need = chance.choice(PLANS)
    mood, mistake = chance.choice(MOODS), chance.choice(MISTAKES)
    lines = {"rent or mortgage": round(net * chance.uniform(0.25, 0.33)),
             "council tax": chance.randint(110, 190), "energy": chance.randint(90, 160),
             "food": chance.randint(280, 520), "getting about": chance.randint(90, 310),
             "phone and broadband": chance.randint(45, 90), "going out": chance.randint(60, 240)}
    spent = sum(lines.values())
    saving = max(50, round((net - spent) * 0.5, -1))
    price = 5_000 * chance.randint(30, 70)
    deposit, rate, years = price // 10, chance.choice([4.3, 4.6, 4.9, 5.2]), chance.choice([25, 30])
    payment = monthly_payment(price - deposit, rate, years)
    own, employer = chance.choice([(5, 3), (5, 5), (6, 6), (8, 10)])
    pot = 500 * max(2, round((age - 21) * salary * 0.1 * chance.uniform(0.3, 1.1) / 500))
    savings = 100 * chance.randint(20, 400)
    goal = 500 * round(salary * need / 500 * chance.uniform(0.5, 1.5) + 4)
    first = name.split()[0]
    files = {
        "1-income": f"""The part about pay. {adviser}, the adviser, and {name}, {age}, {work} in {town}.

To be said out loud:
- {pounds(salary)} a year, {pounds(salary / 12)} a month before deductions, about {pounds(net)} in the account.
- Nothing else comes in regularly. Overtime did, two years ago.

Feel: {mood}. {first} first names a take-home that is {pounds(net * 0.08)} too high and puts it right from the payslip.""",
        "2-spending": f"""{adviser} goes through a month of spending with {name}, {work} in {town}.

Lines: {', '.join(f'{label} {pounds(amount)}' for label, amount in lines.items())}. That is {pounds(spent)}, against {pounds(net)} of pay. {pounds(saving)} goes into savings.

What is left over, {pounds(net - spent - saving)}, nobody can place. {first} guesses twice. No budget is agreed; one month is to be written down.""",
        "3-property": f"""The house talk between {adviser} and {name} of {town}. Use these numbers exactly:
  price {pounds(price)}, ten per cent deposit {pounds(deposit)}, loan {pounds(price - deposit)}
  at {rate} per cent over {years} years: {pounds(payment)} a month

{first} compares that with today's {pounds(lines['rent or mortgage'])}. {adviser.split()[0]} asks what happens if the rate is two points higher at the end of the deal. No decision is made.""",
        "4-pensions": f"""Pensions, {adviser} with {name}, {age}. {first} pays {own} per cent of {pounds(salary / 12)} a month, {pounds(salary / 12 * own / 100)}; the employer adds {employer} per cent, {pounds(salary / 12 * employer / 100)}. The pot stands at {pounds(pot)}.

{first} believes that {mistake}. It has to come out in {first}'s own words before {adviser.split()[0]} corrects it. An old pension from a first job may exist; nobody knows where.""",
        "5-protection": f"""{adviser} asks {name} who would pay {pounds(lines['rent or mortgage'])} a month if there were no pay for a year. Sick pay: {chance.choice([4, 8, 13, 26])} weeks in full, then the statutory amount. Death in service: {chance.choice([2, 3, 4])} times {pounds(salary)}. No will.

{first} is well, has never smoked and does not like the subject. Amounts of cover stay open.""",
        "6-goals": f"""What {name} wants, asked by {adviser}: to {plan}, which takes {pounds(goal)}. There are {pounds(savings)} in savings and {pounds(saving)} a month is added.

{adviser.split()[0]} writes both figures down and waits. {first} names a second wish only at the end. The question stands: which of the two would move.""",
        "7-attitude-to-risk": f"""How {name} feels about losing money; {adviser} asks. {first} once watched {pounds(savings / 4)} become {pounds(savings / 4 * 0.7)} and sold. Manner: {mood}.

Ask what a fall of a fifth of the {pounds(pot)} pension would mean, and when the money is needed. No label is put on {first}, and no product is named.""",
    }
    row = {"id": f"{work.replace(' ', '_')}_{number:03}", "name": name, "type": work,
           "description": f"A {work} of {age} in {town} on {pounds(salary)} who wants to {plan}."}
    return files, row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=102, help="personas in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "personas-102")
    arguments = parser.parse_args()
    if arguments.out.exists():
        sys.exit(f"{arguments.out} is there already; choose another --out")
    summary = json.loads((HERE / "personas" / "_summary.json").read_text())[:arguments.count]
    for row in summary:
        shutil.copytree(HERE / "personas" / row["id"], arguments.out / row["id"])
    chance = random.Random(arguments.seed)
    for number in range(len(summary) + 1, arguments.count + 1):
        files, row = persona(number, chance)
        (arguments.out / row["id"]).mkdir(parents=True)
        for name, text in files.items():
            (arguments.out / row["id"] / f"{name}.txt").write_text(text + "\n")
        summary.append(row)
    (arguments.out / "_summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False))
    print(f"{len(summary)} personas in {arguments.out}")


if __name__ == "__main__":
    main()
