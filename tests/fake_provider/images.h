#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fake_provider {

// What base64 stands for; nothing when it is not whole and strict: the standard alphabet, padded,
// no line breaks, not empty.
std::optional<std::string> DecodeBase64(std::string_view text);

// image/png, image/jpeg, image/gif or image/webp by the first bytes; "" for what is no picture.
std::string_view ImageTypeOf(std::string_view bytes);

// A picture that came inside a request.
struct InlineImage {
  std::string media_type;  // as the request names it
  std::string bytes;
};

// "data:image/png;base64,…" taken apart; nothing when it is not of that form. Says nothing of
// whether the bytes are such a picture.
std::optional<InlineImage> ParseDataUri(std::string_view uri);

// What a server says against a picture: "" when `media_type` is one of the four kinds above and the
// bytes are of it.
std::string WhatIsWrong(const InlineImage& image);

}  // namespace fake_provider
