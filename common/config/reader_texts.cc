#include <algorithm>

#include "common/config/reader.h"
#include "common/config/text_file.h"
#include "common/expression.h"
#include "common/template.h"
#include "common/text.h"

// How texts are read: templates, texts in files, headers.

namespace muster {
namespace {

// Headers that carry keys, which do not belong into a config.
constexpr std::string_view kKeyHeaders[] = {"authorization", "proxy-authorization", "x-api-key",
                                            "api-key",       "x-goog-api-key",      "cookie"};

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return tolower(c); });
  return text;
}

bool CarriesKey(const std::string& header) {
  return std::find(std::begin(kKeyHeaders), std::end(kKeyHeaders), LowerCase(header)) !=
         std::end(kKeyHeaders);
}

}  // namespace

std::optional<std::string> Reader::Parse(const Json& value, const std::string& path,
                                         const LoadTemplate& kind) {
  auto text = TextOf(value, path);
  if (!text || text->empty()) {
    Wrong(value, path, Expected(kind));
    return std::nullopt;
  }
  if (form_ == Form::kTravelling) return text;
  std::string origin = problems_.places().Text(problems_.places().Value(path));
  auto rendered = Render(*text, origin, names_);
  if (!rendered) {
    problems_.InTemplate(path, origin, rendered.error());
    return std::nullopt;
  }
  return *rendered;
}

std::optional<TextSource> Reader::ReadFileOf(const Json& map, const std::string& path) {
  std::string file;
  ReadMap(map, path, [&] {
    Required("file", file, Words{nullptr, "the path of a text file"}, "");
  });
  if (problems_.Under(path)) return std::nullopt;
  if (file.find("{{") != std::string::npos) {
    return TextSource{"", problems_.places().Text(problems_.places().Value(path)), file};
  }
  auto text = ReadTextFile(folder_, file);
  if (!text) {
    problems_.AtValue(MemberPath(path, "file"), text.error());
    return std::nullopt;
  }
  return TextSource{*std::move(text), file};
}

std::optional<TextSource> Reader::Parse(const Json& value, const std::string& path,
                                        const Template& kind) {
  if (form_ == Form::kTravelling) {
    return TextSource{StringMember(value, "text"), StringMember(value, "origin"),
                      StringMember(value, "file")};
  }
  std::optional<TextSource> source;
  auto text = TextOf(value, path);
  if (value.is_object() && kind.may_be_file && (!text || value.contains("file"))) {
    source = ReadFileOf(value, path);
    if (!source) return std::nullopt;
  } else if (text) {
    source = TextSource{*text, problems_.places().Text(problems_.places().Value(path))};
  } else {
    NotText(value, path, Expected(kind));
    return std::nullopt;
  }
  auto checked = CheckTemplate(source->file.empty() ? source->text : source->file, source->origin);
  if (!checked) problems_.InTemplate(path, source->origin, checked.error());
  return source;
}

std::optional<Reader::StringMap> Reader::Parse(const Json& value, const std::string& path,
                                               const Templates&) {
  if (value.is_null()) return StringMap();
  if (!IsMap(value, path)) return std::nullopt;
  StringMap texts;
  for (const auto& member : value.items()) {
    std::string inside = MemberPath(path, member.key());
    if (!NameFits(member.key(), inside, Words{IsIdentifier, "letters, digits and _"})) continue;
    if (form_ == Form::kTravelling) {
      texts[member.key()] = StringMember(value, member.key());
    } else if (auto text = Parse(member.value(), inside, Template{false})) {
      texts[member.key()] = text->text;
    }
  }
  return texts;
}

std::optional<std::string> Reader::Parse(const Json& value, const std::string& path,
                                         const ItemTemplate&) {
  if (form_ == Form::kTravelling) return TextOf(value, path);
  auto source = Parse(value, path, Template{false});
  return source ? std::optional(source->text) : std::nullopt;
}

std::optional<Expression> Reader::Parse(const Json& value, const std::string& path,
                                        const ExpressionKind& kind) {
  if (form_ == Form::kTravelling) {
    return Expression{StringMember(value, "text"), StringMember(value, "origin")};
  }
  Expression expression;
  expression.origin = problems_.places().Text(problems_.places().Value(path));
  if (auto text = TextOf(value, path)) expression.text = *text;
  if (value.is_number() || value.is_boolean()) expression.text = DumpJson(value);
  if (expression.empty()) return Wrong(value, path, kind.expected), std::nullopt;
  auto checked = CheckExpression(expression.text, expression.origin);
  if (!checked) problems_.InTemplate(path, expression.origin, checked.error());
  return expression;
}

// "status" is a column of that name and value, "cost: usage.cost" says both, "item.*" means many.
std::optional<std::vector<Column>> Reader::Parse(const Json& value, const std::string& path,
                                                 const ColumnList& kind) {
  std::vector<Column> columns;
  if (form_ == Form::kTravelling) {
    for (const Json& each : value) {
      columns.push_back(
          {StringMember(each, "name"), {StringMember(each, "text"), StringMember(each, "origin")}});
    }
    return columns;
  }
  bool fits = true;
  ForEachOf(value, path, [&](const Json& each, const std::string& at) {
    std::string origin = problems_.places().Text(problems_.places().Value(at));
    if (each.is_string() && !each.get_ref<const std::string&>().empty()) {
      auto text = each.get<std::string>();
      bool all = text.ends_with(".*");
      columns.push_back({all ? "" : text, {text, origin}});
      return;
    }
    bool pair = each.is_object() && each.size() == 1;
    if (!pair) return Wrong(each, at, Expected(kind)), void(fits = false);
    const std::string& name = each.items().begin().key();
    auto expression = Parse(each.items().begin().value(), MemberPath(at, name),
                            ExpressionKind{"an expression, such as usage.cost"});
    fits = fits && expression;
    if (expression) columns.push_back({name, *std::move(expression)});
  });
  return fits ? std::optional(columns) : std::nullopt;
}

std::optional<std::vector<std::string>> Reader::Parse(const Json& value, const std::string& path,
                                                      const Texts& kind) {
  std::vector<std::string> texts;
  bool fits = true;
  ForEachOf(value, path, [&](const Json& each, const std::string& at) {
    auto text = Parse(each, at, Words{nullptr, "text"});
    if (text && text->empty()) Wrong(each, at, kind.expected);
    fits = fits && text && !text->empty();
    if (text) texts.push_back(*std::move(text));
  });
  return fits ? std::optional(texts) : std::nullopt;
}

std::optional<std::vector<TextSource>> Reader::Parse(const Json& value, const std::string& path,
                                                     const TemplateList& kind) {
  std::vector<TextSource> texts;
  bool fits = true;
  ForEachOf(value, path, [&](const Json& each, const std::string& at) {
    auto text = Parse(each, at, Template{false});
    if (text && text->text.empty()) Wrong(each, at, kind.expected);
    fits = fits && text && !text->text.empty();
    if (text) texts.push_back(*std::move(text));
  });
  return fits ? std::optional(texts) : std::nullopt;
}

std::optional<Reader::StringMap> Reader::Parse(const Json& value, const std::string& path,
                                               const TextMap&) {
  if (value.is_null()) return StringMap();
  if (!IsMap(value, path)) return std::nullopt;
  StringMap texts;
  for (const auto& member : value.items()) {
    std::string inside = MemberPath(path, member.key());
    if (auto text = Parse(member.value(), inside, Words{nullptr, "text"})) {
      texts[member.key()] = *text;
    }
  }
  return texts;
}

std::optional<Json> Reader::Parse(const Json& value, const std::string& path,
                                  const JsonSource& kind) {
  if (value.is_object()) return value;
  if (value == true) return Json::object();
  if (form_ == Form::kTravelling || !value.is_string()) {
    Wrong(value, path, Expected(kind));
    return std::nullopt;
  }
  auto file = value.get<std::string>();
  auto text = ReadTextFile(folder_, file);
  auto json = text ? ParseJson(*text) : Result<Json>(Error{text.error()});
  if (json && json->is_object()) return *std::move(json);
  problems_.AtValue(path, !text  ? text.error()
                          : json ? fmt::format("{}: not a JSON object", file)
                                 : fmt::format("{}: {}", file, json.error()));
  return std::nullopt;
}

std::optional<Reader::StringMap> Reader::Parse(const Json& value, const std::string& path,
                                               const Headers&) {
  if (value.is_null()) return StringMap();
  if (!IsMap(value, path)) return std::nullopt;
  StringMap headers;
  for (const auto& member : value.items()) {
    const std::string& name = member.key();
    std::string inside = MemberPath(path, name);
    if (!NameFits(name, inside, Words{IsHeaderName, "the name of an HTTP header"})) continue;
    if (CarriesKey(name)) {
      problems_.AtKey(inside, fmt::format("the header \"{}\" carries a key; write the key into an "
                                          "environment variable and name it with key_env, and the "
                                          "header with key_header",
                                          name));
      continue;
    }
    Words words{IsHeaderValue, "text without line breaks or other control characters"};
    if (auto text = Parse(member.value(), inside, words)) headers[name] = *text;
  }
  return headers;
}

}  // namespace muster
