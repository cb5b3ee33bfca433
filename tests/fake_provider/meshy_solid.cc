#include "tests/fake_provider/meshy_solid.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "tests/fake_provider/json.h"

namespace fake_provider::meshy {
namespace {

static_assert(std::endian::native == std::endian::little, "glTF numbers are little endian");

constexpr int kSide = 3;

using Vector = std::array<float, 3>;

struct Mesh {
  std::vector<Vector> positions, normals;
  std::vector<uint16_t> indices;
};

// How high the column at x, z is: 0 to 3, the one in the middle at least 1.
class Columns {
 public:
  explicit Columns(uint64_t seed) : seed_(seed) {}

  bool Has(int x, int y, int z) const {
    bool inside = std::min({x, y, z}) >= 0 && std::max({x, y, z}) < kSide;
    return inside && y < HeightAt(x, z);
  }

 private:
  int HeightAt(int x, int z) const {
    int height = static_cast<int>(seed_ >> (2 * (x + kSide * z)) & 3);
    return x == 1 && z == 1 ? std::max(1, height) : height;
  }

  uint64_t seed_;
};

// The side of the cube at `cell` that looks along `axis`, two triangles seen counter-clockwise.
void AddSide(const std::array<int, 3>& cell, int axis, int sign, Mesh& mesh) {
  auto first = static_cast<uint16_t>(mesh.positions.size());
  int along = (axis + 1) % 3, across = (axis + 2) % 3;
  for (int corner = 0; corner < 4; ++corner) {
    Vector position{cell[0] - kSide / 2.0f, static_cast<float>(cell[1]), cell[2] - kSide / 2.0f};
    position[axis] += sign > 0 ? 1 : 0;
    position[along] += corner == 1 || corner == 2 ? 1 : 0;
    position[across] += corner >= 2 ? 1 : 0;
    Vector normal{};
    normal[axis] = static_cast<float>(sign);
    mesh.positions.push_back(position);
    mesh.normals.push_back(normal);
  }
  for (int corner : {0, 1, 2, 0, 2, 3}) {
    mesh.indices.push_back(first + (sign > 0 ? corner : (4 - corner) % 4));
  }
}

Mesh OuterSides(const Columns& columns) {
  Mesh mesh;
  for (int i = 0; i < kSide * kSide * kSide; ++i) {
    std::array<int, 3> cell{i % kSide, i / kSide % kSide, i / kSide / kSide};
    if (!columns.Has(cell[0], cell[1], cell[2])) continue;
    for (int axis = 0; axis < 3; ++axis) {
      for (int sign : {-1, 1}) {
        std::array<int, 3> next = cell;
        next[axis] += sign;
        if (!columns.Has(next[0], next[1], next[2])) AddSide(cell, axis, sign, mesh);
      }
    }
  }
  return mesh;
}

template <class T>
std::string BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string Number(uint32_t value) { return {reinterpret_cast<const char*>(&value), 4}; }

std::string Padded(std::string bytes, char with) {
  bytes.resize((bytes.size() + 3) / 4 * 4, with);
  return bytes;
}

std::string Chunk(const char* kind, const std::string& bytes) {
  return Number(bytes.size()) + std::string(kind, 4) + bytes;
}

Json Bounds(const std::vector<Vector>& positions, bool upper) {
  Json bounds = Json::array();
  for (int axis = 0; axis < 3; ++axis) {
    auto less = [axis](const Vector& a, const Vector& b) { return a[axis] < b[axis]; };
    auto [low, high] = std::minmax_element(positions.begin(), positions.end(), less);
    bounds.push_back((*(upper ? high : low))[axis]);
  }
  return bounds;
}

Json Description(const Mesh& mesh, size_t bytes) {
  constexpr int kFloat = 5126, kShort = 5123, kVertices = 34962, kIndices = 34963;
  size_t vectors = mesh.positions.size() * sizeof(Vector);
  Json json = {{"asset", {{"version", "2.0"}, {"generator", "fake-provider"}}}, {"scene", 0}};
  json["scenes"] = Json::array({{{"nodes", Json::array({0})}}});
  json["nodes"] = Json::array({{{"mesh", 0}, {"name", "solid"}}});
  json["meshes"] =
      Json::array({{{"primitives", Json::array({{{"attributes", {{"POSITION", 0}, {"NORMAL", 1}}},
                                                 {"indices", 2},
                                                 {"material", 0}}})}}});
  json["materials"] = Json::array({{{"pbrMetallicRoughness",
                                     {{"baseColorFactor", Json::array({0.72, 0.76, 0.82, 1.0})},
                                      {"metallicFactor", 0.0},
                                      {"roughnessFactor", 0.9}}}}});
  json["buffers"] = Json::array({{{"byteLength", bytes}}});
  auto view = [](size_t offset, size_t length, int target) {
    return Json{{"buffer", 0}, {"byteOffset", offset}, {"byteLength", length}, {"target", target}};
  };
  json["bufferViews"] =
      Json::array({view(0, vectors, kVertices), view(vectors, vectors, kVertices),
                   view(2 * vectors, mesh.indices.size() * sizeof(uint16_t), kIndices)});
  auto accessor = [](int view_index, int type, size_t count, const char* shape) {
    return Json{
        {"bufferView", view_index}, {"componentType", type}, {"count", count}, {"type", shape}};
  };
  json["accessors"] = Json::array({accessor(0, kFloat, mesh.positions.size(), "VEC3"),
                                   accessor(1, kFloat, mesh.normals.size(), "VEC3"),
                                   accessor(2, kShort, mesh.indices.size(), "SCALAR")});
  json["accessors"][0]["min"] = Bounds(mesh.positions, false);
  json["accessors"][0]["max"] = Bounds(mesh.positions, true);
  return json;
}

}  // namespace

std::string SolidAsGlb(uint64_t seed) {
  Mesh mesh = OuterSides(Columns(seed));
  std::string data =
      Padded(BytesOf(mesh.positions) + BytesOf(mesh.normals) + BytesOf(mesh.indices), '\0');
  std::string chunks =
      Chunk("JSON", Padded(ToText(Description(mesh, data.size())), ' ')) + Chunk("BIN\0", data);
  return "glTF" + Number(2) + Number(chunks.size() + 12) + chunks;
}

}  // namespace fake_provider::meshy
