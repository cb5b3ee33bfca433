// Which media types, and Anthropic's 32 MB a request, stand in the providers' API references; the
// other numbers in their guides to vision, as of 2026.

#include <algorithm>
#include <array>

#include "common/images.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr int64_t kMegabyte = 1024 * 1024;

// What one API takes. Bytes are those of base64, as they are sent.
struct ImageLimits {
  std::string_view api;
  std::string_view types;  // behind "image/"
  int64_t most_images;
  int64_t most_bytes;      // of one
  int64_t most_all_bytes;  // of all of a request
  int64_t longest_side;    // pixels
};

constexpr std::string_view kAllTypes = "png, jpeg, gif, webp";
constexpr std::string_view kNoGif = "png, jpeg, webp";
constexpr int64_t kAnySide = 65'535;

// Servers that state no limit get one here, so that no prompt fills a worker's memory: 100 MB.
constexpr std::array kLimits{
    ImageLimits{"anthropic", kAllTypes, 100, 5 * kMegabyte, 32 * kMegabyte, 8'000},
    ImageLimits{"openai-responses", kAllTypes, 500, 50 * kMegabyte, 50 * kMegabyte, kAnySide},
    ImageLimits{"openai-chat", kAllTypes, 500, 50 * kMegabyte, 50 * kMegabyte, kAnySide},
    ImageLimits{"openrouter", kAllTypes, 500, 50 * kMegabyte, 50 * kMegabyte, kAnySide},
    ImageLimits{"gemini", kNoGif, 3'000, 20 * kMegabyte, 20 * kMegabyte, kAnySide},
    ImageLimits{"ollama", kNoGif, 1'000, 100 * kMegabyte, 100 * kMegabyte, kAnySide},
    ImageLimits{"claude-code", "", 0, 0, 0, 0},
    ImageLimits{"mock", kAllTypes, 1'000, 100 * kMegabyte, 100 * kMegabyte, kAnySide}};

// Anthropic: of many pictures in one request, none may be longer.
constexpr size_t kMany = 20;
constexpr int64_t kLongestOfMany = 2'000;

std::string Megabytes(int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / kMegabyte);
}

bool Takes(const ImageLimits& limits, const ImageFile& image) {
  std::string_view type = image.media_type;
  type.remove_prefix(std::min(type.find('/') + 1, type.size()));
  return limits.types.find(type) != std::string_view::npos;
}

Result<void> CheckImage(const ImageLimits& limits, const ImageFile& image, int64_t longest_side) {
  std::string path = VisibleText(image.path);
  if (!Takes(limits, image)) {
    return Fail("{}: it is {}; {} takes {}", path, image.media_type, limits.api, limits.types);
  }
  if (Base64Length(image.bytes) > limits.most_bytes) {
    return Fail("{}: it has {} as it is sent (base64); {} takes {}", path,
                Megabytes(Base64Length(image.bytes)), limits.api, Megabytes(limits.most_bytes));
  }
  if (std::max(image.width, image.height) > longest_side) {
    return Fail("{}: it has {} × {} pixels; {} takes {} each way{}", path, image.width,
                image.height, limits.api, FormatCount(longest_side),
                longest_side < limits.longest_side
                    ? fmt::format(" where there are more than {} pictures", kMany)
                    : "");
  }
  return {};
}

}  // namespace

Result<void> CheckImages(const std::vector<ImageFile>& images, const Provider& provider) {
  if (images.empty()) return {};
  auto found =
      std::ranges::find_if(kLimits, [&](const auto& each) { return each.api == provider.api; });
  if (found == kLimits.end() || found->most_images == 0) {
    return Fail("{} takes no pictures; leave `images` out", provider.api);
  }
  const ImageLimits& limits = *found;
  if (static_cast<int64_t>(images.size()) > limits.most_images) {
    return Fail("the prompt has {} pictures; {} takes {}", images.size(), limits.api,
                limits.most_images);
  }
  bool many = limits.api == "anthropic" && images.size() > kMany;
  int64_t sum = 0;
  for (const ImageFile& image : images) {
    auto fine = CheckImage(limits, image, many ? kLongestOfMany : limits.longest_side);
    if (!fine) return fine;
    sum += Base64Length(image.bytes);
  }
  if (sum <= limits.most_all_bytes) return {};
  return Fail("the prompt's {} pictures have {} as they are sent (base64); {} takes {} a request",
              images.size(), Megabytes(sum), limits.api, Megabytes(limits.most_all_bytes));
}

}  // namespace muster
