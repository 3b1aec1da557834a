# Campaigns under way in the console (services/console/campaign).
vestnik_script_test(integration/staff_work_on_a_campaign_in_the_console.py BEDS kafka+postgres)
