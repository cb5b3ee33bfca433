#pragma once

// How each record becomes rows: one short function and one or two statements per kind of record.
// Knows nothing of transactions; the Ledger begins and commits them.

#include <string>
#include <unordered_map>

#include "supervisor/ledger/records.h"
#include "supervisor/ledger/sqlite.h"
#include "supervisor/ledger/try_sums.h"

namespace muster {

// Writes records of one session into an open transaction. False on an error, which then stands in
// the database; a record about something the ledger does not know is one: it is damaged, or muster
// has a bug.
class RecordWriter {
 public:
  RecordWriter(Database* database, int64_t session)
      : database_(*database), session_(session), sums_(database) {}

  bool Write(const record::Record& record);
  // What all records of the transaction come to; the last write before its commit.
  bool Finish();
  // The transaction was undone.
  void Forget();

  bool operator()(const record::Item& item);
  bool operator()(const record::Lane& lane);
  bool operator()(const record::Status& status);
  bool operator()(const record::Reopen& reopen);
  bool operator()(const record::AttemptStarted& attempt);
  bool operator()(const record::AttemptEnded& attempt);
  bool operator()(const record::TryStarted& started);
  bool operator()(const record::TryEnded& ended);
  bool operator()(const record::Rejected& rejected);
  bool operator()(const record::Output& output);
  bool operator()(const record::Result& result);
  bool operator()(const record::OutputWritten& written);
  bool operator()(const record::Meta& meta);
  bool operator()(const record::Note& note);
  bool operator()(const record::SessionEnded& ended);

 private:
  // Runs a statement that must change exactly one row; `about` names what it is about.
  template <class... Values>
  bool RunForOne(std::string_view about, std::string_view sql, const Values&... values) {
    return database_.Run(sql, values...) && (database_.changes() == 1 || NotKnown(about));
  }
  bool NotKnown(std::string_view about);

  // What the last records about an item told: its number, and who was given its last attempt in
  // this session.
  struct Known {
    int64_t number = 0;
    int64_t attempt = 0;  // 0: none was
    std::string worker;
  };
  // The item of that id; nullptr: there is none, or an error. Valid until the next question.
  Known* Find(const std::string& id);

  Database& database_;
  int64_t session_;
  TrySums sums_;
  std::unordered_map<std::string, Known> known_;  // a bounded number of items, by id
  bool taken_back_ = false;                       // a record of an item, in this transaction
};

}  // namespace muster
