#include "supervisor/rehearse/example_context.h"

#include <algorithm>
#include <filesystem>

#include "common/expression.h"
#include "common/safe_name.h"
#include "common/step_values.h"
#include "common/template.h"
#include "common/text_source.h"

namespace muster {
namespace {

std::string FirstPart(const std::string& name) { return name.substr(0, name.find('.')); }

Json BeginningOf(const Config& config, const Json& item) {
  Json context = ItemContext(config, item);
  std::filesystem::path work = config.run_dir;
  context["work"] = (work / "work" / SafeName(StringMember(item, "id"))).string();
  return context;
}

}  // namespace

ExampleContext::ExampleContext(const Config& config, const Json& item)
    : config_(config), names_(BeginningOf(config, item)) {}

void ExampleContext::Leave(const std::string& name, Left left) {
  if (!left.marked.is_null() && !marked_) marked_ = names_;
  if (marked_) (*marked_)[name] = left.marked.is_null() ? left.value : std::move(left.marked);
  names_[name] = std::move(left.value);
}

void ExampleContext::Forget(const std::string& name) {
  names_.erase(name);
  if (marked_) marked_->erase(name);
  open_.erase(name);
}

void ExampleContext::SetOpen(const std::string& name, bool open) {
  open ? void(open_.insert(name)) : void(open_.erase(name));
}

bool ExampleContext::IsOpen(const std::string& name) const {
  return open_.contains(FirstPart(name));
}

bool ExampleContext::AnyIsOpen(const Result<std::vector<std::string>>& names) const {
  return names && std::any_of(names->begin(), names->end(),
                              [this](const std::string& name) { return IsOpen(name); });
}

bool ExampleContext::Uses(const TextSource& text) const {
  if (text.file.empty()) return AnyIsOpen(TemplateNames(text.text, text.origin));
  if (AnyIsOpen(TemplateNames(text.file, text.origin))) return true;
  auto read = ReadSource(text, config_.base_dir, names_);
  return read && AnyIsOpen(TemplateNames(read->text, read->origin));
}

bool ExampleContext::Uses(const Expression& expression) const {
  return !expression.empty() && AnyIsOpen(NamesIn(expression));
}

Result<std::string> ExampleContext::RenderText(const TextSource& text) const {
  // Which file it is, an answer will say.
  if (!text.file.empty() && AnyIsOpen(TemplateNames(text.file, text.origin))) {
    auto path = Render(text.file, text.origin, names_);
    return path ? Result<std::string>("") : path;
  }
  auto read = ReadSource(text, config_.base_dir, names_);
  if (!read) return Error{read.error()};
  auto rendered = Render(read->text, read->origin, names_);
  if (rendered) return rendered;
  return Fail("{}{}", rendered.error(), examples_.Hint(read->text, rendered.error()));
}

std::string ExampleContext::RenderMarked(const TextSource& text, const std::string& plain) const {
  if (!marked_) return plain;
  auto read = ReadSource(text, config_.base_dir, names_);
  if (!read) return plain;
  auto marked = Render(read->text, read->origin, *marked_);
  return marked ? *std::move(marked) : plain;
}

Result<void> ExampleContext::Resolve(const Expression& expression) const {
  if (expression.empty()) return {};
  auto names = NamesIn(expression);
  if (!names) return Error{names.error()};
  for (const std::string& name : *names) {
    // A name under null is null.
    for (size_t end = 0; end != std::string::npos;) {
      end = name.find('.', end + 1);
      auto value = FindName(names_, std::string_view(name).substr(0, end));
      if (!value) {
        return Fail("{}: {}{}", expression.origin, value.error(), examples_.ForEachHint(name));
      }
      if ((*value)->is_null()) break;
    }
  }
  return {};
}

}  // namespace muster
