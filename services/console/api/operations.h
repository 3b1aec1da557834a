/* OPERATION(id, method, path below /api/v1, right, handler, query, body, most bytes of the body; 0 = 64 KiB).
 * A path with a fixed word stands before one with a part at the same place. */

OPERATION(getIndex, GET, "", OWN, api_index, "", API_NO_BODY, 0)
OPERATION(getMe, GET, "/me", OWN, api_me, "", API_NO_BODY, 0)

/* ---- campaigns (campaigns.c, orders.c, reports.c) */
OPERATION(listCampaigns, GET, "/campaigns", CAMPAIGN_READ, api_campaigns, "state kind after limit", API_NO_BODY, 0)
OPERATION(getCampaign, GET, "/campaigns/{campaign}", CAMPAIGN_READ, api_campaign, "", API_NO_BODY, 0)
OPERATION(listRounds, GET, "/campaigns/{campaign}/rounds", CAMPAIGN_READ, api_rounds, "", API_NO_BODY, 0)
OPERATION(listPlan, GET, "/campaigns/{campaign}/plan", CAMPAIGN_READ, api_plan, "round", API_NO_BODY, 0)
OPERATION(launchCampaign, POST, "/campaigns/{campaign}/launch", CAMPAIGN_LAUNCH, api_launch, "", API_JSON, 0)
OPERATION(pauseCampaign, POST, "/campaigns/{campaign}/pause", CAMPAIGN_PAUSE, api_pause, "", API_JSON, 0)
OPERATION(resumeCampaign, POST, "/campaigns/{campaign}/resume", CAMPAIGN_LAUNCH, api_resume, "", API_JSON, 0)
OPERATION(cancelCampaign, POST, "/campaigns/{campaign}/cancel", CAMPAIGN_LAUNCH, api_cancel, "", API_JSON, 0)
OPERATION(retryCampaign, POST, "/campaigns/{campaign}/retry", CAMPAIGN_LAUNCH, api_retry, "", API_JSON, 0)
OPERATION(postponeCampaign, POST, "/campaigns/{campaign}/postpone", CAMPAIGN_LAUNCH, api_postpone, "", API_JSON, 0)
OPERATION(correctCampaign, POST, "/campaigns/{campaign}/correct", CAMPAIGN_LAUNCH, api_correct, "", API_ZIP, API_ZIP_MOST)
OPERATION(recallCampaign, POST, "/campaigns/{campaign}/recall", CAMPAIGN_LAUNCH, api_recall, "", API_JSON, 0)
OPERATION(dateStage, POST, "/campaigns/{campaign}/stage", CAMPAIGN_LAUNCH, api_stage, "", API_JSON, 0)
OPERATION(getReport, GET, "/campaigns/{campaign}/report", CAMPAIGN_READ, api_report, "round format", API_NO_BODY, 0)
OPERATION(listMunicipalities, GET, "/campaigns/{campaign}/municipalities", CAMPAIGN_READ, api_municipalities, "round", API_NO_BODY, 0)
OPERATION(getCalls, GET, "/campaigns/{campaign}/calls", CAMPAIGN_READ, api_calls, "round format", API_NO_BODY, 0)
OPERATION(getAcknowledgements, GET, "/campaigns/{campaign}/acknowledgements", CAMPAIGN_READ, api_acknowledgements, "round format", API_NO_BODY, 0)
OPERATION(getCaseFile, GET, "/campaigns/{campaign}/case-file", CAMPAIGN_LAUNCH, api_case_file, "", API_NO_BODY, 0)

/* ---- asks and answers (answers.c) */
OPERATION(listAsks, GET, "/campaigns/{campaign}/asks", CAMPAIGN_READ, api_asks, "round state after limit", API_NO_BODY, 0)
OPERATION(getAsk, GET, "/campaigns/{campaign}/asks/{organisation}", CAMPAIGN_READ, api_ask, "round", API_NO_BODY, 0)
OPERATION(recordAnswer, POST, "/campaigns/{campaign}/asks/{organisation}/answers", ANSWER_WRITE, api_answer, "round", API_JSON, API_JSON_MOST)
OPERATION(decideAnswer, POST, "/campaigns/{campaign}/asks/{organisation}/decision", ANSWER_WRITE, api_decide, "round", API_JSON, 0)
OPERATION(getAnswerFile, GET, "/campaigns/{campaign}/asks/{organisation}/answers/{version}/files/{position}", CAMPAIGN_READ, api_answer_file, "round", API_NO_BODY, 0)

/* ---- campaigns being written (drafts.c) */
OPERATION(listDrafts, GET, "/drafts", CAMPAIGN_READ, api_drafts, "", API_NO_BODY, 0)
OPERATION(createDraft, POST, "/drafts", CAMPAIGN_WRITE, api_draft_create, "", API_JSON_ZIP, API_ZIP_MOST)
OPERATION(getDraft, GET, "/drafts/{draft}", CAMPAIGN_READ, api_draft, "", API_NO_BODY, 0)
OPERATION(replaceDraft, PUT, "/drafts/{draft}", CAMPAIGN_WRITE, api_draft_replace, "", API_JSON, API_JSON_MOST)
OPERATION(deleteDraft, DELETE, "/drafts/{draft}", CAMPAIGN_WRITE, api_draft_delete, "", API_NO_BODY, 0)
OPERATION(listDraftFiles, GET, "/drafts/{draft}/files", CAMPAIGN_READ, api_draft_files, "", API_NO_BODY, 0)
OPERATION(putDraftFile, PUT, "/drafts/{draft}/files/{file}", CAMPAIGN_WRITE, api_draft_file_put, "", API_BYTES, API_FILE_MOST)
OPERATION(deleteDraftFile, DELETE, "/drafts/{draft}/files/{file}", CAMPAIGN_WRITE, api_draft_file_delete, "", API_NO_BODY, 0)
OPERATION(checkDraft, GET, "/drafts/{draft}/check", CAMPAIGN_READ, api_draft_check, "", API_NO_BODY, 0)
OPERATION(listDraftAudience, GET, "/drafts/{draft}/audience", CAMPAIGN_READ, api_draft_audience, "limit", API_NO_BODY, 0)
OPERATION(previewDraft, GET, "/drafts/{draft}/preview", CAMPAIGN_READ, api_draft_preview, "recipient letter", API_NO_BODY, 0)
OPERATION(simulateDraft, GET, "/drafts/{draft}/simulation", CAMPAIGN_READ, api_draft_simulate, "", API_NO_BODY, 0)
OPERATION(testDraft, POST, "/drafts/{draft}/test", CAMPAIGN_WRITE, api_draft_test, "", API_JSON, 0)
OPERATION(launchDraft, POST, "/drafts/{draft}/launch", CAMPAIGN_LAUNCH, api_draft_launch, "", API_JSON, 0)

/* ---- letters to a few (notices.c), deliveries (deliveries.c) */
OPERATION(createNotice, POST, "/notices", NOTIFY, api_notice_create, "", API_JSON, API_JSON_MOST)
OPERATION(getNotice, GET, "/notices/{notice}", NOTIFY, api_notice, "", API_NO_BODY, 0)
OPERATION(listDeliveries, GET, "/deliveries", DELIVERY_READ, api_deliveries, "campaign state address relay text since until after limit", API_NO_BODY, 0)
OPERATION(getDelivery, GET, "/deliveries/{delivery}", DELIVERY_READ, api_delivery, "", API_NO_BODY, 0)
OPERATION(resendDelivery, POST, "/deliveries/{delivery}/resend", OPERATE, api_resend, "", API_JSON, 0)

/* ---- directory (directory.c), suppressions (suppressions.c) */
OPERATION(listOrganisations, GET, "/organisations", DIRECTORY_READ, api_organisations, "kind region municipality parent address after limit", API_NO_BODY, 0)
OPERATION(importOrganisations, POST, "/organisations/import", DIRECTORY_WRITE, api_import, "dry_run skip_bad sheet encoding delimiter", API_TABLE, API_FILE_MOST)
OPERATION(exportOrganisations, GET, "/organisations/export", DIRECTORY_READ, api_export, "", API_NO_BODY, 0)
OPERATION(getOrganisation, GET, "/organisations/{organisation}", DIRECTORY_READ, api_organisation, "", API_NO_BODY, 0)
OPERATION(putContact, PUT, "/organisations/{organisation}/contacts/{role}", DIRECTORY_WRITE, api_contact_put, "", API_JSON, 0)
OPERATION(deleteContact, DELETE, "/organisations/{organisation}/contacts/{role}", DIRECTORY_WRITE, api_contact_delete, "", API_NO_BODY, 0)
OPERATION(readdressOrganisation, POST, "/organisations/{organisation}/readdress", OPERATE, api_readdress, "", API_JSON, 0)
OPERATION(listSuppressions, GET, "/suppressions", SUPPRESSION, api_suppressions, "after limit", API_NO_BODY, 0)
OPERATION(addSuppression, POST, "/suppressions", SUPPRESSION, api_suppression_add, "", API_JSON, 0)
OPERATION(removeSuppression, DELETE, "/suppressions/{address}", SUPPRESSION, api_suppression_remove, "", API_NO_BODY, 0)

/* ---- mails that came (mails.c) */
OPERATION(listMails, GET, "/mails", ANSWER_WRITE, api_mails, "state campaign after limit", API_NO_BODY, 0)
OPERATION(getMail, GET, "/mails/{mail}", ANSWER_WRITE, api_mail, "", API_NO_BODY, 0)
OPERATION(confirmMail, POST, "/mails/{mail}/confirm", ANSWER_WRITE, api_mail_confirm, "", API_JSON, API_JSON_MOST)
OPERATION(ignoreMail, POST, "/mails/{mail}/ignore", ANSWER_WRITE, api_mail_ignore, "", API_JSON, 0)
OPERATION(assignMail, POST, "/mails/{mail}/assign", ANSWER_WRITE, api_mail_assign, "", API_JSON, 0)

/* ---- webhooks (webhooks.c) */
OPERATION(listWebhooks, GET, "/webhooks", WEBHOOK, api_webhooks, "", API_NO_BODY, 0)
OPERATION(createWebhook, POST, "/webhooks", WEBHOOK, api_webhook_create, "", API_JSON, 0)
OPERATION(getWebhook, GET, "/webhooks/{webhook}", WEBHOOK, api_webhook, "", API_NO_BODY, 0)
OPERATION(changeWebhook, PATCH, "/webhooks/{webhook}", WEBHOOK, api_webhook_change, "", API_JSON, 0)
OPERATION(deleteWebhook, DELETE, "/webhooks/{webhook}", WEBHOOK, api_webhook_delete, "", API_NO_BODY, 0)
OPERATION(enableWebhook, POST, "/webhooks/{webhook}/enable", WEBHOOK, api_webhook_enable, "", API_JSON, 0)
OPERATION(rotateWebhook, POST, "/webhooks/{webhook}/rotate", WEBHOOK, api_webhook_rotate, "", API_JSON, 0)
OPERATION(testWebhook, POST, "/webhooks/{webhook}/test", WEBHOOK, api_webhook_test, "", API_JSON, 0)
OPERATION(listAttempts, GET, "/webhooks/{webhook}/attempts", WEBHOOK, api_attempts, "message failed limit", API_NO_BODY, 0)
OPERATION(replayWebhook, POST, "/webhooks/{webhook}/replay", WEBHOOK, api_webhook_replay, "", API_JSON, 0)

/* ---- operating (operate.c), audit (audit.c) */
OPERATION(listServices, GET, "/services", OPERATE_READ, api_services, "", API_NO_BODY, 0)
OPERATION(listRelays, GET, "/relays", OPERATE_READ, api_relays, "", API_NO_BODY, 0)
OPERATION(getBus, GET, "/bus", OPERATE_READ, api_bus, "", API_NO_BODY, 0)
OPERATION(listDead, GET, "/dead", OPERATE_READ, api_dead_list, "after limit", API_NO_BODY, 0)
OPERATION(getDead, GET, "/dead/{dead}", OPERATE_READ, api_dead, "", API_NO_BODY, 0)
OPERATION(replayDead, POST, "/dead/{dead}/replay", OPERATE, api_dead_replay, "", API_JSON, 0)
OPERATION(listAudit, GET, "/audit", AUDIT, api_audit, "actor action subject after limit", API_NO_BODY, 0)
