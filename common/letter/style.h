/* How a letter looks: inline styles, since mail programs drop the rest. One
 * place, so that a ministry that wants another hand changes one file. */
#ifndef VESTNIK_LETTER_STYLE_H
#define VESTNIK_LETTER_STYLE_H

/* Times New Roman is what Russian official letters are set in; Outlook for
 * Windows takes the first name it knows. */
#define STYLE_FONT "font-family:'Times New Roman',Times,'Liberation Serif',serif;"
#define STYLE_INK "#1d1d1f"
#define STYLE_QUIET "#5b6068"
#define STYLE_RULE "#c4c9d1"
#define STYLE_LINK "#1a4b8c"
#define STYLE_BODY STYLE_FONT "font-size:17px;line-height:25px;color:" STYLE_INK ";"
#define STYLE_SMALL STYLE_FONT "font-size:14px;line-height:20px;color:" STYLE_QUIET ";"

#endif
