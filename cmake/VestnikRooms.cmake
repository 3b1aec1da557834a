# The house: rooms (common/<room>, a static library each) and services
# (services/<service>, a program each).
#
# A room's headers are included as "<room>/<header>.h". Each room has an
# include folder of its own that holds nothing but a link to that room, so that
# a file sees exactly the rooms its target lists under USES (and what those
# use): a wrong include does not compile.

# Parts of the whole, for who needs no more: what is installed; that and what tests of threads run.
add_custom_target(programs)
add_custom_target(threads DEPENDS programs)

set(VESTNIK_WARNINGS
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wpointer-arith -Wcast-qual
  -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla
  -Wformat=2 -Wundef -Wno-gnu-zero-variadic-macro-arguments)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND VESTNIK_WARNINGS -Wlogical-op -Wduplicated-cond)
else()
  list(APPEND VESTNIK_WARNINGS -Wno-unknown-warning-option)
endif()

function(vestnik_common_options target)
  target_compile_options(${target} PRIVATE ${VESTNIK_WARNINGS})
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE VESTNIK_VERSION="${PROJECT_VERSION}")
endfunction()

# "<kind>/<name>.h" becomes visible through ${CMAKE_BINARY_DIR}/include/<name>.
function(vestnik_include_folder target name)
  set(folder ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${folder})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${folder}/${name} SYMBOLIC)
  target_include_directories(${target} PUBLIC ${folder})
endfunction()

# vestnik_room(letter SOURCES a.c b.c USES base calendar LIBRARIES PkgConfig::CMARK)
function(vestnik_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  vestnik_common_options(${name})
  vestnik_include_folder(${name} ${name})
  target_link_libraries(${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_LIBRARIES})
endfunction()

# vestnik_service(mailer PROGRAM vestnik-mailer MAIN main.c SOURCES … USES … LIBRARIES …)
# What can be tested without main() goes into the library service_<name>.
function(vestnik_service name)
  cmake_parse_arguments(SVC "" "PROGRAM;MAIN" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(service_${name} STATIC ${SVC_SOURCES})
  vestnik_common_options(service_${name})
  vestnik_include_folder(service_${name} ${name})
  target_link_libraries(service_${name} PUBLIC ${SVC_USES} PRIVATE ${SVC_LIBRARIES})
  add_executable(${SVC_PROGRAM} ${SVC_MAIN})
  vestnik_common_options(${SVC_PROGRAM})
  target_link_libraries(${SVC_PROGRAM} PRIVATE service_${name})
  vestnik_program(${SVC_PROGRAM})
endfunction()

function(vestnik_program program)
  add_dependencies(programs ${program})
  install(TARGETS ${program} RUNTIME DESTINATION bin)
endfunction()

# vestnik_test(unit/test_buf.c USES base [LIBRARIES …] [LABELS unit] [TIMEOUT 60])
# One cmocka program; the test's name is the file's, its label the folder's.
function(vestnik_test source)
  cmake_parse_arguments(TEST "" "TIMEOUT" "USES;LIBRARIES;LABELS" ${ARGN})
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(kind ${source} DIRECTORY)
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  add_executable(${name} ${source})
  vestnik_common_options(${name})
  target_link_libraries(${name} PRIVATE ${TEST_USES} ${TEST_LIBRARIES} PkgConfig::CMOCKA)
  target_compile_definitions(${name} PRIVATE
    VESTNIK_SOURCE_DIR="${CMAKE_SOURCE_DIR}" VESTNIK_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${kind};${TEST_LABELS}"
    TIMEOUT ${TEST_TIMEOUT} SKIP_RETURN_CODE 77)
endfunction()

# vestnik_test_beside(test_bus kafka postgres [LABELS …] [TIMEOUT 120])
# The same cmocka program once more, beside servers of its own (tests/support/<server>.py
# sets VESTNIK_TEST_BUS or VESTNIK_TEST_STORE): test_bus_on_kafka_postgres. Without labels it runs
# without sanitizers only: it shows that both stores do the same, the code is the same.
function(vestnik_test_beside name)
  cmake_parse_arguments(TEST "" "TIMEOUT" "LABELS" ${ARGN})
  if(NOT TEST_LABELS)
    set(TEST_LABELS once)
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 300)
  endif()
  set(command)
  foreach(server ${TEST_UNPARSED_ARGUMENTS})
    list(APPEND command ${VESTNIK_TEST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/support/${server}.py --)
  endforeach()
  list(JOIN TEST_UNPARSED_ARGUMENTS _ servers)
  add_test(NAME ${name}_on_${servers} COMMAND ${command} $<TARGET_FILE:${name}> WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name}_on_${servers} PROPERTIES LABELS "contract;${TEST_LABELS}"
    TIMEOUT ${TEST_TIMEOUT} SKIP_RETURN_CODE 77 ENVIRONMENT "VESTNIK_SOURCE=${CMAKE_SOURCE_DIR}")
endfunction()

# vestnik_script_test(integration/mailer_defers_on_451.py [LABELS …] [TIMEOUT 120] [BEDS kafka+postgres …])
# A test in Python or shell against real programs; its name is a sentence.
# It finds the programs in $VESTNIK_BIN and the project in $VESTNIK_SOURCE.
# BEDS: once more on each of these (tests/support/bed.py): <name>_on_kafka_postgres; without the
# labels, since the thread sanitizer sees nothing new there that test_bus_on_kafka does not.
function(vestnik_script_test source)
  cmake_parse_arguments(TEST "" "TIMEOUT" "LABELS;BEDS" ${ARGN})
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(kind ${source} DIRECTORY)
  get_filename_component(extension ${source} LAST_EXT)
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 180)
  endif()
  if(extension STREQUAL ".py")
    set(command ${VESTNIK_TEST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  else()
    set(command bash ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  endif()
  foreach(bed "" ${TEST_BEDS})
    set(test ${name})
    set(labels ${kind} ${TEST_LABELS})
    set(environment
      "VESTNIK_BIN=${CMAKE_BINARY_DIR}/bin;VESTNIK_SOURCE=${CMAKE_SOURCE_DIR};VESTNIK_BUILD=${CMAKE_BINARY_DIR}")
    if(bed)
      string(REPLACE + _ suffix ${bed})
      set(test ${name}_on_${suffix})
      set(labels ${kind} once)
      list(APPEND environment "VESTNIK_BED=${bed}")
    endif()
    add_test(NAME ${test} COMMAND ${command} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${test} PROPERTIES LABELS "${labels}"
      TIMEOUT ${TEST_TIMEOUT} SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
  endforeach()
endfunction()
