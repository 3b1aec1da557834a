# Tests that run threaded code: tests/run.sh runs these with the thread sanitizer.
foreach(name
    test_letter_threads test_db test_bus test_bus_embedded test_bus_retention test_store_sqlite test_mailer_policy
    transports_keep_letters_right_under_faults
    a_notice_goes_from_task_put_to_the_mailbox
    mailer_sends_through_the_other_relay_when_one_is_down
    mailer_fails_defers_and_retries_recipients_by_the_reply
    mailer_sends_an_uncertain_letter_once_more_and_then_holds_it
    an_urgent_letter_does_not_wait_behind_a_campaign
    a_paused_campaign_stops_and_a_cancelled_one_ends
    webhook_posts_are_signed_and_complete
    webhook_answers_decide_what_happens_next
    up_keeps_services_running_and_stops_them_in_order)
  if(TEST ${name})
    set_property(TEST ${name} APPEND PROPERTY LABELS threads)
  endif()
endforeach()
