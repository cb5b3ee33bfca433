#include <filesystem>

#include "common/config/glob.h"
#include "common/images.h"
#include "common/template.h"
#include "common/template_syntax.h"
#include "common/text.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostImages = 1'000;  // of one prompt; no API takes as many

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

// The dotted name that an entry is, or "". A bare one must begin with a name of the context:
// photo.png is a file, unless there is a photo.
std::string NameOf(const TextSource& image, const Json& context) {
  std::string_view text = Trimmed(image.text);
  bool in_braces = text.size() > 4 && text.starts_with("{{") && text.ends_with("}}");
  if (in_braces) text = Trimmed(text.substr(2, text.size() - 4));
  auto parts = NameParts(text);
  if (!parts || parts->empty()) return "";
  return in_braces || Member(context, parts->front()) ? std::string(text) : "";
}

// Collects the files that the entries of one prompt name.
class Finder {
 public:
  Finder(const Json& context, const std::string& base_dir)
      : context_(context), base_dir_(base_dir) {}

  Result<void> Add(const TextSource& image) {
    std::string name = NameOf(image, context_);
    if (name.empty()) {
      auto path = Render(image.text, image.origin, context_);
      if (!path) return Error{path.error()};
      return InEntry(image, "", AddPath(*path));
    }
    // What a skipped step would have left.
    const Json* first = Member(context_, name.substr(0, name.find('.')));
    if (first && first->is_null()) return {};
    auto value = LookUp(context_, name);
    if (!value) {
      bool may_be_file = image.text.find('.') != std::string::npos && image.text[0] != '{';
      return InEntry(image, "",
                     Fail("{}{}", value.error(),
                          may_be_file ? fmt::format(" (a file is written \"./{}\")", name) : ""));
    }
    return InEntry(image, name, AddValue(*value, true));
  }

  std::vector<ImageFile> Take() { return std::move(found_); }

 private:
  static Result<void> InEntry(const TextSource& image, const std::string& name,
                              const Result<void>& added) {
    if (added) return added;
    return Fail("{}: images: {}{}{}", image.origin, VisibleText(name), name.empty() ? "" : ": ",
                added.error());
  }

  Result<void> AddValue(const Json& value, bool may_be_list) {
    if (value.is_string()) return AddPath(value.get_ref<const std::string&>());
    const Json* path = Member(value, "path");
    if (path && path->is_string()) return AddPath(path->get_ref<const std::string&>());
    if (value.is_null()) return Fail("it has no value");
    if (!value.is_array() || !may_be_list) {
      return Fail("it is no path, object with a \"path\", or list of such");
    }
    if (value.empty()) return Fail("the list is empty");
    for (const Json& each : value) {
      if (auto added = AddValue(each, false); !added) return added;
    }
    return {};
  }

  // A file is taken as it is called, also if its name could be a glob.
  Result<void> AddPath(const std::string& path) {
    if (Trimmed(path).empty()) return Fail("the path is empty");
    if (path.starts_with("http://") || path.starts_with("https://") || path.starts_with("data:")) {
      return Fail("{}: pictures are read from files; download it first",
                  VisibleText(path.substr(0, 100)));
    }
    std::error_code error;
    bool glob =
        path.find_first_of("*?[") != std::string::npos &&
        fs::symlink_status(fs::path(base_dir_) / path, error).type() == fs::file_type::not_found;
    if (!glob) return AddFile(path);
    auto paths = Glob(base_dir_, path, GlobFor::kFiles);
    if (!paths) return Fail("{}: {}", VisibleText(path), paths.error());
    if (paths->empty()) return Fail("{}: no file matches", VisibleText(path));
    for (const std::string& each : *paths) {
      if (auto added = AddFile(each); !added) return added;
    }
    return {};
  }

  Result<void> AddFile(const std::string& path) {
    if (found_.size() == kMostImages) return Fail("more than {} pictures", kMostImages);
    auto image = SniffImage((fs::path(base_dir_) / path).lexically_normal().string());
    if (!image) return Fail("{}: {}", VisibleText(path), image.error());
    found_.push_back(*std::move(image));
    return {};
  }

  const Json& context_;
  const std::string& base_dir_;
  std::vector<ImageFile> found_;
};

}  // namespace

Result<std::vector<ImageFile>> FindImages(const std::vector<TextSource>& images,
                                          const Json& context, const std::string& base_dir) {
  Finder finder(context, base_dir);
  for (const TextSource& image : images) {
    if (auto added = finder.Add(image); !added) return Error{added.error()};
  }
  return finder.Take();
}

Result<std::vector<std::string>> NamesInImage(const TextSource& image, const Json& context) {
  std::string name = NameOf(image, context);
  if (!name.empty()) return std::vector<std::string>{name};
  return TemplateNames(image.text, image.origin);
}

}  // namespace muster
