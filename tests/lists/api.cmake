# The REST API and its document.
vestnik_script_test(contract/openapi_document_is_sound.py)
vestnik_script_test(integration/rest_api_is_what_its_document_says.py TIMEOUT 300)
