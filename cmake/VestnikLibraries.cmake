# Outside libraries, all from Debian 12. pkg-config rather than find_package
# CONFIG: Debian's libzip and cmark CMake packages fail without their tools.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(CMARK REQUIRED IMPORTED_TARGET libcmark-gfm)
pkg_check_modules(ICAL REQUIRED IMPORTED_TARGET libical)
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
pkg_check_modules(GMIME REQUIRED IMPORTED_TARGET gmime-3.0) # tests check letters with it
find_library(ESMTP_LIBRARY NAMES esmtp REQUIRED)
find_library(CSV_LIBRARY NAMES csv REQUIRED)
find_library(CMARK_EXTENSIONS_LIBRARY NAMES cmark-gfm-extensions REQUIRED)

# Tests in Python run in the environment tests/run.sh prepares, else in the system's.
if(EXISTS ${CMAKE_SOURCE_DIR}/build/test-env/bin/python3)
  set(VESTNIK_TEST_PYTHON ${CMAKE_SOURCE_DIR}/build/test-env/bin/python3)
else()
  set(VESTNIK_TEST_PYTHON python3)
endif()
