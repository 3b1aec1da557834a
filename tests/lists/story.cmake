# The five scenarios that ship, each from the launch to its end in simulated time.
foreach(story
    s2_nine_months_are_asked_for_one_by_one
    s4_a_series_goes_out_and_its_drafts_do_not
    s5_a_road_map_is_reminded_of_before_and_asked_about_after)
  vestnik_script_test(story/${story}.py)
endforeach()
# Corrected, postponed, and by cascade, also beside Kafka and PostgreSQL.
foreach(story
    s1_an_order_asks_for_winners_and_those_who_accompany_them
    s3_municipalities_sum_up_their_schools_and_are_asked_again)
  vestnik_script_test(story/${story}.py BEDS kafka+postgres)
endforeach()
