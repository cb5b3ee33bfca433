#include "tests/fake_provider/meshy_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/fake_provider/images.h"
#include "tests/fake_provider/meshy_image.h"

namespace fake_provider::meshy {
namespace {

constexpr size_t kLongestPrompt = 600;

// What a field may hold: true or false, a text (one of some, or any), or a whole number.
struct Field {
  std::string_view name;
  enum { kFlag, kText, kNumber, kList } type;
  std::vector<std::string_view> words = {};  // of kText and kList; empty: any
  int64_t min = 0, max = 0;
};

const std::vector<Field>& Fields() {
  static const std::vector<Field> kFields = {
      {"image_url", Field::kText},
      {"input_task_id", Field::kText},
      {"model_type", Field::kText, {"standard", "lowpoly"}},
      {"ai_model", Field::kText, {"meshy-5", "meshy-6", "meshy-7", "latest"}},
      {"should_texture", Field::kFlag},
      {"enable_pbr", Field::kFlag},
      {"hd_texture", Field::kFlag},
      {"texture_prompt", Field::kText},
      {"texture_image_url", Field::kText},
      {"should_remesh", Field::kFlag},
      {"topology", Field::kText, {"quad", "triangle"}},
      {"target_polycount", Field::kNumber, {}, 100, 300'000},
      {"decimation_mode", Field::kNumber, {}, 1, 4},
      {"save_pre_remeshed_model", Field::kFlag},
      {"symmetry_mode", Field::kText, {"off", "auto", "on"}},
      {"pose_mode", Field::kText, {"a-pose", "t-pose", ""}},
      {"image_enhancement", Field::kFlag},
      {"remove_lighting", Field::kFlag},
      {"moderation", Field::kFlag},
      {"target_formats", Field::kList, {"glb", "obj", "fbx", "stl", "usdz", "3mf"}},
      {"auto_size", Field::kFlag},
      {"origin_at", Field::kText, {"bottom", "center"}},
      {"alpha_thumbnail", Field::kFlag},
      {"multi_view_thumbnails", Field::kFlag},
  };
  return kFields;
}

bool IsWord(const Field& field, const Json& value) {
  if (!value.is_string()) return false;
  const auto& words = field.words;
  return words.empty() ||
         std::find(words.begin(), words.end(), value.get_ref<const std::string&>()) != words.end();
}

bool Fits(const Field& field, const Json& value) {
  switch (field.type) {
    case Field::kFlag:
      return value.is_boolean();
    case Field::kText:
      return IsWord(field, value);
    case Field::kNumber:
      return value.is_number_integer() && value >= field.min && value <= field.max;
    case Field::kList:
      return value.is_array() && !value.empty() &&
             std::all_of(value.begin(), value.end(),
                         [&field](const Json& word) { return IsWord(field, word); });
  }
  return false;
}

std::string WhatIsWrongWithFields(const Json& body) {
  for (const auto& [name, value] : body.items()) {
    auto found = std::find_if(Fields().begin(), Fields().end(),
                              [&name = name](const Field& field) { return field.name == name; });
    if (found == Fields().end()) return fmt::format("{} is not a known field", name);
    if (!Fits(*found, value)) return fmt::format("Invalid value for {}", name);
  }
  return "";
}

std::string WhatIsWrongWithImage(std::string_view name, const std::string& url) {
  std::optional<InlineImage> image = ParseDataUri(url);
  if (!image) {
    return fmt::format("{} is not a valid data URI, and nothing else can be reached", name);
  }
  bool named = image->media_type == "image/png" || image->media_type == "image/jpeg" ||
               image->media_type == "image/jpg";
  if (!named) return fmt::format("{}: only image/jpeg and image/png are taken", name);
  std::string wrong = WhatIsWrongWithPicture(image->bytes);
  if (!wrong.empty()) return fmt::format("{}: {}", name, wrong);
  bool png = ImageTypeOf(image->bytes) == "image/png";
  return png == (image->media_type == "image/png")
             ? ""
             : fmt::format("{}: the image is not what its data URI says", name);
}

}  // namespace

std::string WhatIsWrongWithOrder(const Json& body) {
  if (!body.is_object()) return "Invalid JSON body";
  if (std::string wrong = WhatIsWrongWithFields(body); !wrong.empty()) return wrong;
  if (!body.contains("image_url") && !body.contains("input_task_id")) {
    return "image_url or input_task_id is required";
  }
  if (body.contains("input_task_id")) return "input_task_id names no task that made one image";
  if (MemberOf(body, "should_texture") == false && MemberOf(body, "enable_pbr") == true) {
    return "enable_pbr requires should_texture";
  }
  if (StringMember(body, "texture_prompt").size() > kLongestPrompt) {
    return "texture_prompt exceeds 600 characters";
  }
  for (std::string_view name : {"image_url", "texture_image_url"}) {
    if (!body.contains(std::string(name))) continue;
    std::string wrong = WhatIsWrongWithImage(name, StringMember(body, name));
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace fake_provider::meshy
