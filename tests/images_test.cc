#include "common/images.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/config_testing.h"
#include "tests/image_samples.h"

namespace muster {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What a file of these bytes is, whatever its name says.
Result<ImageFile> Sniff(const std::string& bytes) {
  ConfigFolder folder;
  folder.Write("picture.txt", bytes);
  return SniffImage(folder / "picture.txt");
}

// "37x19 image/png", or why not.
std::string Seen(const std::string& bytes) {
  auto image = Sniff(bytes);
  if (!image) return image.error();
  CHECK(image->bytes == static_cast<int64_t>(bytes.size()));
  return fmt::format("{}x{} {}", image->width, image->height, image->media_type);
}

TEST_CASE("images: real pictures of every kind are known by their bytes, with their size") {
  CHECK(Seen(BytesOf(kPng)) == "37x19 image/png");
  CHECK(Seen(BytesOf(kJpeg)) == "37x19 image/jpeg");
  CHECK(Seen(BytesOf(kProgressiveJpeg)) == "37x19 image/jpeg");
  CHECK(Seen(BytesOf(kGif)) == "37x19 image/gif");
  CHECK(Seen(BytesOf(kWebp)) == "37x19 image/webp");
  CHECK(Seen(BytesOf(kLosslessWebp)) == "37x19 image/webp");
  CHECK(Seen(BytesOf(kExtendedWebp)) == "37x19 image/webp");
}

TEST_CASE("images: sizes are read as each format writes them") {
  CHECK(Seen(PngOf(65'535, 300)) == "65535x300 image/png");
  CHECK(Seen(GifOf(65'535, 258)) == "65535x258 image/gif");
  CHECK(Seen("\xff\xd8" + JpegFrame(0xc0, 4'000, 65'535)) == "4000x65535 image/jpeg");
  std::string webp = BytesOf(kExtendedWebp);
  webp.replace(24, 6, LittleBytes(16'382, 3) + LittleBytes(8'999, 3));
  CHECK(Seen(webp) == "16383x9000 image/webp");
}

TEST_CASE("images: a JPEG's frame header is found behind whatever comes before it") {
  std::string app = JpegSegment(0xe1, std::string(65'000, '\xff'));
  std::string many;
  for (int i = 0; i < 200; ++i) many += app;  // 13 MB of metadata
  struct Row {
    const char* what;
    std::string before;
  };
  for (const Row& row : {Row{"metadata", many},
                         {"fill bytes", std::string(70, '\xff')},
                         {"a Huffman table", JpegSegment(0xc4, std::string(30, '\xc0'))},
                         {"arithmetic coding", JpegSegment(0xcc, "ab")},
                         {"a marker that stands alone", "\xff\x01\xff\xd3"},
                         {"an empty segment", JpegSegment(0xfe, "")},
                         {"bytes that belong to nothing", std::string(3'000, 'x')},
                         {"a stuffed byte", std::string("\xff\0", 2)}}) {
    CAPTURE(row.what);
    for (int frame : {0xc0, 0xc1, 0xc2, 0xc3, 0xc9, 0xca, 0xcf}) {
      CAPTURE(frame);
      CHECK(Seen("\xff\xd8" + JpegSegment(0xe0, "JFIF") + row.before + JpegFrame(frame, 640, 480) +
                 "\xff\xda") == "640x480 image/jpeg");
    }
  }
}

TEST_CASE("images: what ends too early is told, wherever it was cut") {
  for (std::string_view sample : {kPng, kGif, kWebp, kLosslessWebp, kExtendedWebp}) {
    std::string whole = BytesOf(sample);
    for (size_t size = 0; size < 10; ++size) CHECK_FALSE(Sniff(whole.substr(0, size)));
  }
  for (size_t size = 12; size < 26; ++size) {
    CHECK(Seen(BytesOf(kPng).substr(0, size)) == "the PNG ends inside its header");
  }
  for (std::string_view sample : {kWebp, kLosslessWebp, kExtendedWebp}) {
    std::string whole = BytesOf(sample);
    CHECK(Has(Seen(whole.substr(0, 29)), "ends inside its header"));
    CHECK(Has(Seen(whole.substr(0, whole.size() - 2)), "the WebP is cut"));
  }
  std::string jpeg = BytesOf(kJpeg);
  size_t frame = jpeg.find("\xff\xc0");
  REQUIRE(frame != std::string::npos);
  for (size_t size = 3; size < frame + 9; ++size) {
    CAPTURE(size);
    CHECK(Has(Seen(jpeg.substr(0, size)), "the JPEG ends"));
  }
  CHECK(Seen(jpeg.substr(0, frame + 9)) == "37x19 image/jpeg");
}

TEST_CASE("images: hostile headers are refused with a reason") {
  CHECK(Has(Seen(PngOf(0, 10)), "0 × 10 pixels"));
  CHECK(Has(Seen(PngOf(2'147'483'647, 2'147'483'647)), "2147483647 × 2147483647 pixels"));
  CHECK(Has(Seen(PngOf(65'536, 1)), "expected 1 to 65535"));
  CHECK(Has(Seen(GifOf(10, 0)), "10 × 0 pixels"));
  CHECK(Has(Seen("\xff\xd8" + JpegFrame(0xc0, 10, 0)), "10 × 0 pixels"));
  CHECK(Has(Seen("\x89PNG\r\n\x1a\n" + BigBytes(13, 4) + "IDAT" + std::string(30, 'x')), "IHDR"));
  CHECK(Has(Seen("\xff\xd8\xff\xda" + std::string(100, 'x')), "no frame header"));
  CHECK(Has(Seen("\xff\xd8\xff\xd9"), "no frame header"));
  CHECK(Has(Seen("\xff\xd8\xff\xe0" + BigBytes(1, 2) + std::string(100, 'x')), "damaged"));
  CHECK(Has(Seen("\xff\xd8\xff\xe0" + BigBytes(60'000, 2) + "x"), "the JPEG ends"));
  CHECK(Has(Seen("\xff\xd8\xff" + std::string(500'000, '\xff')), "the JPEG ends"));
  std::string segments = "\xff\xd8";
  for (int i = 0; i < 10'001; ++i) segments += JpegSegment(0xfe, "");
  CHECK(Has(Seen(segments + JpegFrame(0xc0, 1, 1)), "more than 10000 segments"));
  std::string webp = BytesOf(kWebp);
  webp.replace(12, 4, "JUNK");
  CHECK(Has(Seen(webp), "begins with no picture"));
}

TEST_CASE("images: what is no picture is called what it is") {
  CHECK(Seen("") == "the file is empty");
  CHECK(Has(Seen("%PDF-1.7 "), "it is a PDF; expected a PNG, JPEG, GIF or WebP"));
  CHECK(Has(Seen("BM"), "a BMP"));
  CHECK(Has(Seen("<svg xmlns=''>"), "an SVG"));
  CHECK(Has(Seen(BigBytes(32, 4) + "ftypheic"), "a HEIC"));
  CHECK(Has(Seen("version https://git-lfs.github.com/spec/v1\n"), "Git LFS"));
  CHECK(Has(Seen("hello"), "it is no picture"));
  CHECK(Has(Seen("RIFF\x10\0\0\0WAVE"), "it is no picture"));
}

TEST_CASE("images: pipes, folders, devices, loops and large files neither wait nor fill memory") {
  ConfigFolder folder;
  auto why = [&](const std::string& name) {
    auto image = SniffImage(folder / name);
    return image ? std::string("taken") : image.error();
  };
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(why("pipe") == "it is not a regular file");
  REQUIRE(mkdir((folder / "folder").c_str(), 0700) == 0);
  CHECK(Has(why("folder"), "it is a folder"));
  REQUIRE(symlink("loop", (folder / "loop").c_str()) == 0);
  CHECK(Has(why("loop"), "symbolic links"));
  REQUIRE(symlink("gone", (folder / "dangling").c_str()) == 0);
  CHECK(why("dangling") == "no such file");
  REQUIRE(symlink("/dev/zero", (folder / "device").c_str()) == 0);
  CHECK(why("device") == "it is not a regular file");
  CHECK(why(std::string(5'000, 'x')) != "taken");
  CHECK(Has(why(std::string("a\0b", 3)), "zero byte"));
  folder.Write("large", PngOf(100, 50));
  REQUIRE(truncate((folder / "large").c_str(), int64_t{5} << 30) == 0);
  auto large = SniffImage(folder / "large");
  REQUIRE(large);
  CHECK(large->bytes == int64_t{5} << 30);
  REQUIRE(symlink("large", (folder / "link").c_str()) == 0);
  CHECK(SniffImage(folder / "link"));
}

TEST_CASE("images: a picture that changed since it was looked at is not read") {
  ConfigFolder folder;
  folder.Write("a", BytesOf(kPng));
  auto image = SniffImage(folder / "a");
  REQUIRE(image);
  CHECK(*ReadImage(*image) == BytesOf(kPng));
  folder.Write("a", BytesOf(kPng).substr(5));
  CHECK(Has(ReadImage(*image).error(), "was changed"));
  folder.Write("a", BytesOf(kPng) + "more");
  CHECK_FALSE(ReadImage(*image));
  unlink((folder / "a").c_str());
  CHECK_FALSE(ReadImage(*image));
}

// ---- which files a step names ----

// Pictures in a folder, and the names a prompt has for them.
struct Gallery {
  Gallery() {
    for (const char* name : {"1.png", "views/v1.png", "views/v2.png", "views/v10.png", "a[1].png",
                             "item.png", "with space.png"}) {
      folder.Write(name, BytesOf(kPng));
    }
    folder.Write("notes/readme.txt", "no picture");
    context = Json::parse(R"({"item": {"id": "1", "image": "1.png", "one": {"path": "1.png"},
        "views": ["views/v2.png", {"path": "views/v1.png", "name": "v1"}], "none": [], "null": null,
        "number": 5, "glob": "views/*.png", "nested": [["1.png"]], "bad": "missing.png",
        "odd": "a[1].png", "empty": "", "web": "https://example.org/a.png"}})");
  }

  // "1.png v2.png", or why not.
  std::string Find(const std::vector<std::string>& entries) const {
    std::vector<TextSource> images;
    for (const std::string& entry : entries) images.push_back({entry, "c.yaml:9:20"});
    auto found = FindImages(images, context, folder.path());
    if (!found) return found.error();
    std::string names;
    for (const ImageFile& file : *found) {
      CHECK(file.path.starts_with(folder.path() + "/"));
      names += (names.empty() ? "" : " ") + file.path.substr(file.path.rfind('/') + 1);
    }
    return names;
  }

  ConfigFolder folder;
  Json context;
};

TEST_CASE("images: an entry is a name, a path, a glob or a template, in the order given") {
  Gallery gallery;
  CHECK(gallery.Find({}) == "");
  CHECK(gallery.Find({"item.image"}) == "1.png");
  CHECK(gallery.Find({"{{item.image}}"}) == "1.png");
  CHECK(gallery.Find({" {{ item.views }} "}) == "v2.png v1.png");
  CHECK(gallery.Find({"item.one"}) == "1.png");
  CHECK(gallery.Find({"item.views"}) == "v2.png v1.png");
  CHECK(gallery.Find({"{{item.id}}.png"}) == "1.png");
  CHECK(gallery.Find({"1.png"}) == "1.png");
  CHECK(gallery.Find({"with space.png"}) == "with space.png");
  CHECK(gallery.Find({gallery.folder / "1.png"}) == "1.png");
  CHECK(gallery.Find({"./item.png"}) == "item.png");
  CHECK(gallery.Find({"notes/../1.png"}) == "1.png");
  CHECK(gallery.Find({"item.views", "item.image", "item.image"}) == "v2.png v1.png 1.png 1.png");
}

TEST_CASE("images: a glob's files come in natural order; a file's own name is no glob") {
  Gallery gallery;
  CHECK(gallery.Find({"views/*.png"}) == "v1.png v2.png v10.png");
  CHECK(gallery.Find({"item.glob"}) == "v1.png v2.png v10.png");
  CHECK(gallery.Find({"{{item.id}}.*"}) == "1.png");
  CHECK(gallery.Find({"a[1].png"}) == "a[1].png");
  CHECK(gallery.Find({"item.odd"}) == "a[1].png");
}

TEST_CASE("images: an entry that finds nothing, or no picture, is an error that names it") {
  Gallery gallery;
  struct Row {
    const char *entry, *message;
  };
  for (const Row& row :
       {Row{"missing.png", "c.yaml:9:20: images: missing.png: no such file"},
        {"item.bad", "c.yaml:9:20: images: item.bad: missing.png: no such file"},
        {"item.imgae", "unknown name \"item.imgae\"; did you mean \"item.image\"?"},
        {"item.png", "(a file is written \"./item.png\")"},
        {"{{item.imgae}}", "did you mean \"item.image\"?"},
        {"{{thing}}", "unknown name \"thing\""},
        {"{{item.topic}}.png", "unknown name \"item.topic\""},
        {"item.none", "images: item.none: the list is empty"},
        {"item.null", "images: item.null: it has no value"},
        {"item.number", "item.number: it is no path"},
        {"item.nested", "item.nested: it is no path"},
        {"item.empty", "the path is empty"},
        {"item.web", "pictures are read from files"},
        {"views/*.jpg", "views/*.jpg: no file matches"},
        {"nowhere/*.png", "nowhere"},
        {"views", "it is a folder"},
        {"notes/*", "notes/readme.txt: it is no picture"}}) {
    CAPTURE(row.entry);
    std::string why = gallery.Find({"1.png", row.entry});
    CHECK_MESSAGE(Has(why, row.message), why);
    CHECK(Has(why, "c.yaml:9:20"));
  }
}

TEST_CASE("images: a folder full of pictures is not a prompt") {
  Gallery gallery;
  for (int i = 0; i < 1'001; ++i) {
    REQUIRE(link((gallery.folder / "1.png").c_str(),
                 (gallery.folder / fmt::format("notes/{}.png", i)).c_str()) == 0);
  }
  CHECK(Has(gallery.Find({"notes/*.png"}), "more than 1000 pictures"));
}

TEST_CASE("images: the names that an entry asks for") {
  Gallery gallery;
  auto names = [&](const char* entry) {
    auto found = NamesInImage({entry, "here"}, gallery.context);
    REQUIRE(found);
    return fmt::format("{}", fmt::join(*found, " "));
  };
  CHECK(names("item.views") == "item.views");
  CHECK(names("{{views.files}}") == "views.files");
  CHECK(names("views.png") == "");
  CHECK(names("{{item.id}}/{{params.side}}.png") == "item.id params.side");
}

// ---- what APIs take ----

ImageFile Picture(int64_t width, int64_t height, int64_t bytes = 1'000,
                  const char* type = "image/png") {
  return {"/in/picture", type, bytes, width, height};
}

std::string Refused(const char* api, const std::vector<ImageFile>& images) {
  Provider provider;
  provider.api = api;
  auto taken = CheckImages(images, provider);
  return taken ? "" : taken.error();
}

TEST_CASE("images: what an API refuses is told before it is sent") {
  constexpr int64_t kMb = 1024 * 1024;
  using Many = std::vector<ImageFile>;
  ImageFile small = Picture(10, 10), gif = Picture(10, 10, 1'000, "image/gif");
  struct Row {
    const char* api;
    Many images;
    const char* message;  // "": taken
  };
  for (const Row& row : {
           Row{"anthropic", {gif, small}, ""},
           {"anthropic", {Picture(10, 10, 5 * kMb / 4 * 3)}, ""},
           {"anthropic", {Picture(10, 10, 5 * kMb / 4 * 3 + 3)}, "anthropic takes 5.0 MB"},
           {"anthropic", Many(100, small), ""},
           {"anthropic", Many(101, small), "101 pictures; anthropic takes 100"},
           {"anthropic", {Picture(8'000, 10)}, ""},
           {"anthropic", {Picture(10, 8'001)}, "10 × 8001 pixels; anthropic takes 8,000"},
           {"anthropic", Many(20, Picture(8'000, 10)), ""},
           {"anthropic", Many(21, Picture(2'000, 10)), ""},
           {"anthropic", Many(21, Picture(2'001, 10)), "more than 20 pictures"},
           {"anthropic", Many(8, Picture(9, 9, 3 * kMb)), ""},
           {"anthropic", Many(9, Picture(9, 9, 3 * kMb)), "36.0 MB as they are sent"},
           {"openai-responses", {gif, Picture(60'000, 10, 30 * kMb)}, ""},
           {"openai-chat", Many(2, Picture(9, 9, 20 * kMb)), "53.3 MB"},
           {"openrouter", Many(501, small), "501 pictures; openrouter takes 500"},
           {"gemini", {gif}, "it is image/gif; gemini takes png, jpeg, webp"},
           {"gemini", {Picture(9, 9, 15 * kMb)}, ""},
           {"gemini", {Picture(9, 9, 16 * kMb)}, "gemini takes 20.0 MB"},
           {"ollama", {gif}, "ollama takes png"},
           {"claude-code", {small}, "claude-code takes no pictures"},
           {"claude-code", {}, ""},
           {"mock", {gif, Picture(60'000, 60'000, 50 * kMb)}, ""},
           {"mock", {Picture(9, 9, int64_t{5} << 30)}, "MB"},
       }) {
    CAPTURE(row.api);
    CAPTURE(row.message);
    std::string why = Refused(row.api, row.images);
    CHECK_MESSAGE((*row.message ? Has(why, row.message) : why.empty()), why);
  }
}

// ---- tokens ----

ImageTokens Of(const char* api, const char* model, int64_t width, int64_t height,
               const char* detail = "") {
  Provider provider;
  provider.api = api;
  provider.base_url = "https://api.openai.com/v1";
  return TokensOfImage(Picture(width, height), provider, model, detail);
}

TEST_CASE("images: documented examples of what a picture comes to lie within the bounds") {
  struct Row {
    const char *api, *model;
    int64_t width, height;
    const char* detail;
    int64_t tokens;
  };
  for (const Row& row : {
           // OpenAI's guide: tiles.
           Row{"openai-chat", "gpt-4o", 1'024, 1'024, "high", 765},
           {"openai-chat", "gpt-4o-2024-08-06", 2'048, 4'096, "high", 1'105},
           {"openai-responses", "gpt-4o", 4'096, 8'192, "low", 85},
           {"openai-chat", "gpt-4o-mini", 1'024, 1'024, "", 2'833 + 4 * 5'667},
           {"openai-chat", "ft:gpt-4o-mini-2024-07-18:me::x", 512, 512, "low", 2'833},
           {"openai-responses", "gpt-5", 1'024, 1'024, "", 70 + 4 * 140},
           {"openai-responses", "o3-2025-04-16", 1'024, 1'024, "", 75 + 4 * 150},
           // OpenAI's guide: patches.
           {"openai-responses", "gpt-4.1-mini", 1'024, 1'024, "", 1'659},
           {"openai-responses", "o4-mini", 1'024, 1'024, "", 1'762},
           {"openai-responses", "gpt-5-nano", 1'800, 2'400, "", 3'573},  // 1,452 patches
           {"openai-responses", "gpt-5.6", 6'000, 1'600, "original", 9'400},
           // Anthropic's guide.
           {"anthropic", "claude-sonnet-4-5", 200, 200, "", 54},
           {"anthropic", "claude-sonnet-4-5", 1'000, 1'000, "", 1'334},
           {"anthropic", "claude-sonnet-4-5", 1'092, 1'092, "", 1'590},
           {"anthropic", "claude-opus-4-7", 3'840, 2'160, "", 4'784},
           // Google's guide.
           {"gemini", "gemini-2.5-flash", 384, 384, "", 258},
           {"gemini", "gemini-2.5-flash", 960, 540, "", 6 * 258},
           {"gemini", "gemini-3-pro", 100, 100, "", 2'240},
           {"ollama", "llama3.2-vision", 100, 100, "", 6'404},
           {"ollama", "qwen2.5vl", 1'400, 1'400, "", 2'500},
       }) {
    CAPTURE(row.model);
    CAPTURE(row.width);
    ImageTokens tokens = Of(row.api, row.model, row.width, row.height, row.detail);
    CHECK(tokens.most >= row.tokens);
    CHECK_MESSAGE(tokens.likely <= row.tokens * 12 / 10, "not far above");
  }
}

TEST_CASE("images: the likely number is the documented one where there is one") {
  CHECK(Of("openai-chat", "gpt-4o", 1'024, 1'024).likely == 765);
  CHECK(Of("openai-chat", "gpt-4o", 2'048, 4'096).likely == 1'105);
  CHECK(Of("openai-chat", "gpt-4o", 300, 300).likely == 85 + 170);
  CHECK(Of("openai-chat", "gpt-4o", 3'000, 3'000, "low").likely == 85);
  CHECK(Of("openai-responses", "gpt-4.1-nano", 1'024, 1'024).likely == 2'520);
  CHECK(Of("anthropic", "claude-sonnet-4-5", 1'000, 1'000).likely == 1'334);
  CHECK(Of("anthropic", "claude-sonnet-4-5", 8'000, 8'000).likely == 1'600);
  CHECK(Of("gemini", "gemini-2.5-pro", 384, 384).likely == 258);
  CHECK(Of("gemini", "gemini-2.5-pro", 1'500, 700).likely == 2 * 258);
}

TEST_CASE("images: every bound is finite, at least what is likely, and grows with the picture") {
  const char* kApis[] = {"openai-responses", "openai-chat", "anthropic", "gemini",
                         "ollama",           "openrouter",  "mock"};
  const char* kModels[] = {"gpt-4o",     "gpt-4o-mini", "gpt-4.1-nano",     "gpt-5.6",
                           "my-azure",   "o4-mini",     "claude-opus-4-8",  "m",
                           "gemini-3.1", "gpt-oss",     "gemini-2.0-flash", "llava"};
  for (const char* api : kApis) {
    for (const char* model : kModels) {
      for (const char* detail : {"", "low", "high", "original"}) {
        CAPTURE(api);
        CAPTURE(model);
        CAPTURE(detail);
        int64_t before = 0;
        for (int64_t side : {1, 37, 384, 768, 1'024, 2'000, 8'000, 65'535}) {
          ImageTokens tokens = Of(api, model, side, side, detail);
          CHECK(tokens.likely >= 1);
          CHECK(tokens.most >= tokens.likely);
          CHECK(tokens.most >= before);
          CHECK(tokens.most <= 140'000);
          before = tokens.most;
        }
        CHECK(Of(api, model, 1, 65'535, detail).most <= 140'000);
      }
    }
  }
}

TEST_CASE("images: a model is known by its name wherever it is served") {
  auto same = [](ImageTokens a, ImageTokens b) { return a.likely == b.likely && a.most == b.most; };
  ImageTokens claude = Of("anthropic", "claude-sonnet-4-5", 900, 900);
  CHECK(same(claude, Of("openrouter", "anthropic/claude-sonnet-4.5", 900, 900)));
  CHECK(same(claude, Of("mock", "claude-sonnet-4-5", 900, 900)));
  ImageTokens mini = Of("openai-chat", "gpt-4o-mini", 900, 900);
  CHECK(same(mini, Of("openrouter", "openai/GPT-4o-mini", 900, 900)));
  CHECK(mini.most > 20'000);
  // Behind the name of an Azure deployment may be any model.
  CHECK(Of("openai-chat", "my-deployment", 900, 900).most >= mini.most);
  CHECK(same(Of("gemini", "gemini-2.5-flash", 900, 900),
             Of("openrouter", "google/gemini-2.5-flash", 900, 900)));
}

}  // namespace
}  // namespace muster
