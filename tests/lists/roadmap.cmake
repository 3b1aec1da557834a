# Road maps: tables of Word documents and sheets as steps. XLSXWRITER: directory.cmake.
add_library(test_docx_make STATIC support/docx_make.c)
vestnik_common_options(test_docx_make)
target_include_directories(test_docx_make PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/support)
target_link_libraries(test_docx_make PUBLIC base PkgConfig::ZIP PkgConfig::CMOCKA)
vestnik_test(unit/test_roadmap.c USES table calendar LIBRARIES test_docx_make PkgConfig::XLSXWRITER)
vestnik_script_test(integration/roadmap_shows_steps_and_unread_terms.py)
vestnik_test(unit/test_roadmap_mapping.c USES roadmap store)
vestnik_test(unit/test_roadmap_build.c USES roadmap test_scratch LIBRARIES test_docx_make PkgConfig::JANSSON)
