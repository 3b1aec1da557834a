# cmake -D FILES=<a,b> -D SYMBOL=<name> -D OUTPUT=<file.c> -P embed_files.cmake
string(REPLACE "," ";" FILES "${FILES}")
set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "static const char file_${count}[] = {${bytes}0};\n")
  string(APPEND rows "\t{\"${name}\", file_${count}, sizeof file_${count} - 1},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"web/embed.h\"\n\n${arrays}\n"
  "static const struct embedded_file files[] = {\n${rows}};\n"
  "extern const struct embedded_set ${SYMBOL};\n"
  "const struct embedded_set ${SYMBOL} = {files, ${count}};\n")
