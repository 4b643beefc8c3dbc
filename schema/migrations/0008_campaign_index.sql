-- Campaigns are looked for in segments. The index took a random write for each event that has one.
drop index events_campaign_id;
