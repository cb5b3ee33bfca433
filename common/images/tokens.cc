// What pictures come to, after the guides to vision of OpenAI, Anthropic and Google as of 2026:
// tiles of 512 pixels or patches of 32 (OpenAI), width × height / 750 (Anthropic), tiles of 768
// pixels at 258 tokens, or up to 2,240 a picture (Google). A bound is generous where a model's way
// is not documented, and finite in any case.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "common/chat_options.h"
#include "common/images.h"

namespace muster {
namespace {

constexpr int64_t kAround = 16;  // tokens that stand around a picture

struct Size {
  double width, height;
};

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t Squares(const ImageFile& image, int64_t side) {
  return CeilDiv(image.width, side) * CeilDiv(image.height, side);
}

// ---- OpenAI ----

// A model counts tiles (base + tile × number) or patches (per_patch × number, at most 1,536).
struct OpenAiModel {
  std::string_view name;  // and those that go on with "-"
  int64_t base = 0, tile = 0;
  double per_patch = 0;
};

// The first that fits holds.
constexpr std::array kOpenAiModels{OpenAiModel{"gpt-4o-mini", 2'833, 5'667},
                                   OpenAiModel{"gpt-4o", 85, 170},
                                   OpenAiModel{"chatgpt-4o", 85, 170},
                                   OpenAiModel{"gpt-4-turbo", 85, 170},
                                   OpenAiModel{"gpt-4-vision", 85, 170},
                                   OpenAiModel{"gpt-4.5", 85, 170},
                                   OpenAiModel{"gpt-4.1-mini", 0, 0, 1.62},
                                   OpenAiModel{"gpt-4.1-nano", 0, 0, 2.46},
                                   OpenAiModel{"gpt-4.1", 85, 170},
                                   OpenAiModel{"o1", 75, 150},
                                   OpenAiModel{"o3", 75, 150},
                                   OpenAiModel{"o4-mini", 0, 0, 1.72},
                                   OpenAiModel{"gpt-5-mini", 0, 0, 1.62},
                                   OpenAiModel{"gpt-5-nano", 0, 0, 2.46},
                                   OpenAiModel{"gpt-5", 70, 140},
                                   OpenAiModel{"computer-use-preview", 65, 129}};
constexpr OpenAiModel kDearestTiles = kOpenAiModels[0];
constexpr OpenAiModel kUsualTiles = kOpenAiModels[1];

constexpr int64_t kPatch = 32, kMostPatches = 1'536;
// Of models later than those in the table: by default, and with their detail "original".
constexpr int64_t kMostPatchesLater = 2'500, kMostPatchesOriginal = 10'000;
constexpr double kDearestPatch = 2.46;

// The picture fits into 2,048 × 2,048, then its shorter side becomes 768: downwards, and for a
// bound also upwards.
int64_t Tiles(const ImageFile& image, bool upwards) {
  Size size{static_cast<double>(image.width), static_cast<double>(image.height)};
  auto scale = [&](double factor) { size = {size.width * factor, size.height * factor}; };
  scale(std::min(1.0, 2'048 / std::max(size.width, size.height)));
  double factor = 768 / std::min(size.width, size.height);
  if (factor < 1) scale(factor);
  if (factor > 1 && upwards) {
    scale(std::min(factor, 2'048 / std::max(size.width, size.height)));
  }
  auto tiles = [](double side) { return static_cast<int64_t>(std::ceil((side - 1e-6) / 512)); };
  return std::max<int64_t>(1, tiles(size.width)) * std::max<int64_t>(1, tiles(size.height));
}

int64_t Patches(const ImageFile& image, int64_t most, double each) {
  int64_t patches = std::min(Squares(image, kPatch), most);
  return static_cast<int64_t>(std::ceil(static_cast<double>(patches) * each));
}

bool IsOrVariant(std::string_view model, std::string_view name) {
  if (!model.starts_with(name)) return false;
  return model.size() == name.size() || model[name.size()] == '-' || model[name.size()] == ':';
}

const OpenAiModel* FindOpenAiModel(std::string_view model) {
  auto found = std::ranges::find_if(
      kOpenAiModels, [&](const OpenAiModel& each) { return IsOrVariant(model, each.name); });
  return found == kOpenAiModels.end() ? nullptr : &*found;
}

ImageTokens OfTiles(const ImageFile& image, const OpenAiModel& model, const std::string& detail) {
  if (detail == "low") return {model.base, model.base};
  return {model.base + model.tile * Tiles(image, false),
          model.base + model.tile * Tiles(image, true)};
}

// Models that the table does not have.
ImageTokens OfLaterOpenAi(const ImageFile& image, const std::string& detail) {
  int64_t usual = detail == "original" ? kMostPatchesOriginal : kMostPatchesLater;
  ImageTokens tokens{Patches(image, usual, 1), Patches(image, kMostPatchesOriginal, kDearestPatch)};
  tokens.most = std::max(tokens.most, OfTiles(image, kUsualTiles, "high").most);
  return tokens;
}

ImageTokens OfOpenAi(const ImageFile& image, std::string_view model, const std::string& detail) {
  const OpenAiModel* known = FindOpenAiModel(model);
  if (!known || detail == "original") return OfLaterOpenAi(image, detail);
  if (known->tile > 0) return OfTiles(image, *known, detail);
  int64_t patches = Patches(image, kMostPatches, known->per_patch);
  return {patches, patches};
}

// An Azure deployment has any name: behind it may be the dearest.
ImageTokens OfUnnamedOpenAi(const ImageFile& image, const std::string& detail) {
  ImageTokens tokens = OfLaterOpenAi(image, detail);
  tokens.most = std::max(tokens.most, OfTiles(image, kDearestTiles, detail).most);
  return tokens;
}

// ---- Anthropic, Google, others ----

// A picture is scaled down to what comes to about 1,600 tokens; with later models, to 4,784.
ImageTokens OfAnthropic(const ImageFile& image) {
  constexpr int64_t kUsual = 1'600, kLater = 5'000;
  int64_t tokens = CeilDiv(image.width * image.height, 750);
  return {std::min(tokens, kUsual), std::min(std::max(tokens, Squares(image, 28)), kLater)};
}

ImageTokens OfGemini(const ImageFile& image, std::string_view model, const std::string& detail) {
  constexpr int64_t kTile = 258, kHighResolution = 2'240, kMostTiles = 128;
  constexpr int64_t kSmall = 384;  // pixels each way: one tile
  int64_t shorter = std::min(image.width, image.height);
  bool small = std::max(image.width, image.height) <= kSmall;
  int64_t cropped = small ? 1 : Squares(image, std::clamp<int64_t>(shorter * 2 / 3, 256, 768));
  int64_t tiles = std::min(Squares(image, 768), kMostTiles);
  bool later = model.find("gemini-3") != model.npos;
  ImageTokens tokens{later ? 1'120 : kTile * tiles, kTile * std::min(cropped, kMostTiles)};
  if (detail == "low") tokens.likely = later ? 280 : 64;
  tokens.most = std::max({tokens.most, kTile * tiles, kHighResolution});
  return tokens;
}

// Servers of open models: patches of 14 pixels, of which many models join four; some make all
// pictures large (6,404 tokens with Llama 3.2). None has a context for more than the bound.
ImageTokens OfOpenModel(const ImageFile& image) {
  constexpr int64_t kLarge = 6'500, kMost = 131'072;
  return {std::clamp<int64_t>(Squares(image, 28), 64, 4'096),
          std::clamp(Squares(image, 14), kLarge, kMost)};
}

// In lower case, without a vendor before it and what a fine-tuned one begins with.
std::string BareName(std::string_view model) {
  std::string name(model.substr(model.rfind('/') + 1));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  return name.starts_with("ft:") ? name.substr(3) : name;
}

bool IsOpenAiName(std::string_view model) {
  if (model.starts_with("gpt-oss")) return false;
  bool thinks = model.size() > 1 && model[0] == 'o' && model[1] >= '1' && model[1] <= '9';
  return thinks || model.starts_with("gpt-") || FindOpenAiModel(model);
}

// What a name says holds wherever the model is served; an API's own way is for other names.
ImageTokens Tokens(const ImageFile& image, const Provider& provider, std::string_view model,
                   const std::string& detail) {
  if (model.find("claude") != model.npos) return OfAnthropic(image);
  if (model.find("gemini") != model.npos) return OfGemini(image, model, detail);
  if (IsOpenAiName(model)) return OfOpenAi(image, model, detail);
  if (provider.api == "gemini") return OfGemini(image, model, detail);
  bool openai = provider.api == "openai-responses" || provider.api == "openai-chat";
  if (openai && IsOpenAiService(provider.base_url)) return OfUnnamedOpenAi(image, detail);
  return OfOpenModel(image);
}

}  // namespace

ImageTokens TokensOfImage(const ImageFile& image, const Provider& provider, std::string_view model,
                          const std::string& detail) {
  ImageTokens tokens = Tokens(image, provider, BareName(model), detail);
  tokens.most = std::max(tokens.most, tokens.likely) + kAround;
  return tokens;
}

}  // namespace muster
