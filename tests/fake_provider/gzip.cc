#include "tests/fake_provider/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cassert>

namespace fake_provider {
namespace {

constexpr uint64_t kBlockBytes = 1u << 20;

// `bytes` as deflate blocks that stand alone: they end on a byte boundary and refer to nothing
// before them, so that they can be repeated and joined.
std::string DeflateAlone(std::string_view bytes) {
  z_stream stream{};
  [[maybe_unused]] int rc =
      deflateInit2(&stream, 9, Z_DEFLATED, /*raw=*/-15, 9, Z_DEFAULT_STRATEGY);
  assert(rc == Z_OK);
  std::string packed(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = bytes.size();
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = packed.size();
  rc = deflate(&stream, Z_FULL_FLUSH);
  assert(rc == Z_OK && stream.avail_in == 0 && stream.avail_out > 0);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

uint32_t CrcOf(std::string_view bytes) {
  return crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

void AppendLittleEndian(std::string& to, uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) to += static_cast<char>(number >> shift);
}

// The pieces of a gzip member and the checksum of what they unpack to.
class Member {
 public:
  void Append(std::string_view bytes) { AppendPacked(DeflateAlone(bytes), bytes, CrcOf(bytes)); }

  void AppendPacked(const std::string& packed, std::string_view bytes, uint32_t crc) {
    packed_ += packed;
    crc_ = crc32_combine(crc_, crc, static_cast<z_off_t>(bytes.size()));
    size_ += bytes.size();
  }

  std::string Finish() {
    packed_ += std::string("\x03\x00", 2);  // an empty last block
    AppendLittleEndian(packed_, crc_);
    AppendLittleEndian(packed_, static_cast<uint32_t>(size_));
    return std::move(packed_);
  }

 private:
  std::string packed_ = std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  uint32_t crc_ = 0;
  uint64_t size_ = 0;
};

}  // namespace

std::string GzipPadded(std::string_view text, uint64_t decoded_bytes) {
  Member member;
  member.Append(text);
  uint64_t blanks = std::max<uint64_t>(decoded_bytes, text.size()) - text.size();
  const std::string block(std::min(kBlockBytes, blanks), ' ');
  const std::string packed = DeflateAlone(block);
  const uint32_t crc = CrcOf(block);
  for (; blanks > kBlockBytes; blanks -= kBlockBytes) member.AppendPacked(packed, block, crc);
  if (blanks > 0) member.Append(std::string(blanks, ' '));
  return member.Finish();
}

}  // namespace fake_provider
