// What the addon uses of libstdc++, which is little: with this it needs none on a board, however
// old or new. Without exceptions there is nothing to throw; who is out of memory ends here.
#include <cstdlib>
#include <new>

namespace {

void *allocate(std::size_t bytes) {
  void *found = std::malloc(bytes == 0 ? 1 : bytes);
  if (found == nullptr) {
    std::abort();
  }
  return found;
}

} // namespace

void *operator new(std::size_t bytes) { return allocate(bytes); }
void *operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void *given) noexcept { std::free(given); }
void operator delete[](void *given) noexcept { std::free(given); }
void operator delete(void *given, std::size_t) noexcept { std::free(given); }
void operator delete[](void *given, std::size_t) noexcept { std::free(given); }

namespace std {

void __throw_bad_alloc() { abort(); }
void __throw_bad_array_new_length() { abort(); }
void __throw_length_error(const char *) { abort(); }
void __throw_logic_error(const char *) { abort(); }

} // namespace std
