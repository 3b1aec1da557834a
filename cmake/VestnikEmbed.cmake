# Files compiled into a program.
#
#   vestnik_embed(service_portal portal_pages pages/*.html)
#
# gives the target `const struct embedded_set portal_pages` (web/embed.h) with every file that fits the
# patterns (more may follow; an absolute one is taken as it is), by its name without folders. A new file is
# seen at the next build.
function(vestnik_embed target symbol)
  set(patterns ${ARGN})
  list(TRANSFORM patterns PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  file(GLOB files CONFIGURE_DEPENDS ${patterns})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  set(script ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake)
  list(JOIN files "," joined)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D FILES=${joined} -D SYMBOL=${symbol} -D OUTPUT=${output} -P ${script}
    DEPENDS ${files} ${script} VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
