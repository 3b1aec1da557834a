# In a real browser: node, playwright-core, Debian's Chromium (tests/support/browser).
vestnik_script_test(story/the_console_carries_s3_in_a_browser.py TIMEOUT 400)
vestnik_script_test(story/every_page_of_the_console_is_usable.py TIMEOUT 700)
