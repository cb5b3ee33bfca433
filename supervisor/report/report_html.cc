#include <algorithm>

#include "supervisor/report/plot_svg.h"
#include "supervisor/report/report_formats.h"
#include "supervisor/report/report_page.h"

namespace muster {
namespace {

// Nothing is loaded, nothing runs.
constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
)";

constexpr std::string_view kStyle = R"(<style>
:root {
  --paper: #ffffff; --ink: #1d2126; --faint: #5c6570; --line: #dde1e6; --band: #f4f6f8;
  --s0: #3f73b7; --s1: #d9822b; --s2: #4c9a60; --s3: #a3508f; --s4: #7d8590; --s5: #b89a1f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16191d; --ink: #e7eaee; --faint: #9aa4b0; --line: #323941; --band: #1f242a;
    --s0: #6fa3e8; --s1: #f0a04b; --s2: #73c088; --s3: #cf82bd; --s4: #a2abb6; --s5: #d9bd4a;
  }
}
@media print {
  :root {
    --paper: #ffffff; --ink: #000000; --faint: #444444; --line: #bbbbbb; --band: #ffffff;
    --s0: #3f73b7; --s1: #d9822b; --s2: #4c9a60; --s3: #a3508f; --s4: #7d8590; --s5: #b89a1f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 66rem; padding: 1rem clamp(.75rem, 3vw, 2rem) 3rem;
  background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  print-color-adjust: exact; -webkit-print-color-adjust: exact;
}
h1 { font-size: 1.5rem; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem;
     border-bottom: 2px solid var(--line); overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; overflow-wrap: anywhere; }
nav a { color: var(--s0); margin-right: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .7rem; text-align: left; vertical-align: top;
         border-bottom: 1px solid var(--line); max-width: 30rem; overflow-wrap: anywhere; }
thead th { color: var(--faint); font-weight: 600; border-bottom-width: 2px; white-space: nowrap; }
th.n, td.n { text-align: right; white-space: nowrap; }
tbody tr:nth-child(even) { background: var(--band); }
table.facts td:first-child { color: var(--faint); white-space: nowrap; }
p.note { color: var(--faint); font-size: .87rem; margin: .3rem 0; max-width: 46rem; }
figure { margin: 1.4rem 0; overflow-x: auto; }
svg { display: block; width: 100%; max-width: 600px; min-width: 420px; height: auto;
      font-family: inherit; }
@media print {
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  nav { display: none; }
  .wide, figure { overflow: visible; }
  th, td { padding: .15rem .4rem; }
  figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
</style>
)";

bool HasHead(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [](const TableColumn& column) { return !column.name.empty(); });
}

std::string_view ClassOf(const TableColumn& column) { return column.right ? " class=\"n\"" : ""; }

void AddHead(const Table& table, std::string& html) {
  html += "<thead><tr>";
  for (const TableColumn& column : table.columns) {
    html += fmt::format("<th scope=\"col\"{}>{}</th>", ClassOf(column), EscapeMarkup(column.name));
  }
  html += "</tr></thead>\n";
}

void AddTable(const Table& table, std::string& html) {
  bool head = HasHead(table);
  if (!table.title.empty()) html += "<h3>" + EscapeMarkup(table.title) + "</h3>\n";
  if (!table.rows.empty()) {
    html += fmt::format("<div class=\"wide\"><table{}>\n", head ? "" : " class=\"facts\"");
    if (head) AddHead(table, html);
    html += "<tbody>\n";
    for (const auto& row : table.rows) {
      html += "<tr>";
      for (size_t i = 0; i < row.size(); ++i) {
        html += fmt::format("<td{}>{}</td>", ClassOf(table.columns[i]), EscapeMarkup(row[i]));
      }
      html += "</tr>\n";
    }
    html += "</tbody></table></div>\n";
  }
  for (const std::string& note : table.notes) {
    html += "<p class=\"note\">" + EscapeMarkup(note) + "</p>\n";
  }
}

void AddLinks(const std::vector<Section>& sections, std::string& html) {
  if (sections.size() < 2) return;
  html += "<nav>";
  for (size_t i = 0; i < sections.size(); ++i) {
    html += fmt::format("<a href=\"#part{}\">{}</a> ", i + 1, EscapeMarkup(sections[i].title));
  }
  html += "</nav>\n";
}

// The facts come first, then the plots, then the other tables.
void AddSection(const Section& section, size_t number, std::string& html) {
  html +=
      fmt::format("<section>\n<h2 id=\"part{}\">{}</h2>\n", number, EscapeMarkup(section.title));
  for (size_t i = 0; i < section.tables.size(); ++i) {
    AddTable(section.tables[i], html);
    if (i > 0) continue;
    for (const std::string& plot : section.plots) html += "<figure>\n" + plot + "</figure>\n";
  }
  html += "</section>\n";
}

}  // namespace

std::string ReportAsHtml(const Report& report) {
  std::vector<Section> sections = SectionsOf(report, true);
  std::string title = EscapeMarkup(TitleOf(report)), html(kHead);
  html += "<title>" + title + "</title>\n" + std::string(kStyle) + "</head>\n<body>\n";
  html += "<h1>" + title + "</h1>\n";
  AddLinks(sections, html);
  for (size_t i = 0; i < sections.size(); ++i) AddSection(sections[i], i + 1, html);
  return html + "</body>\n</html>\n";
}

}  // namespace muster
