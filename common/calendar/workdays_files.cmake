# cmake -D ROOT=<config/calendars> -D OUTPUT=<file.c> -P workdays_files.cmake
# Writes the calendars as C arrays, so that a program carries those of its version.
file(GLOB files RELATIVE ${ROOT} ${ROOT}/*.csv)
list(SORT files)
set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${ROOT}/${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "static const char file_${count}[] = {${bytes}0};\n")
  string(APPEND rows "\t{\"${name}\", file_${count}, sizeof file_${count} - 1},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"calendar/workdays_inside.h\"\n\n${arrays}\n"
  "const struct workdays_file workdays_files[] = {\n${rows}};\n"
  "const size_t workdays_files_count = ${count};\n")
