function(storebus_program name source)
  add_executable(${name} ${source})
  vestnik_common_options(${name})
  target_link_libraries(${name} PRIVATE ${ARGN})
endfunction()

storebus_program(bench_bus bench/bench_bus.c bus store base)
