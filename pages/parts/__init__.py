"""What the pages share.

shell        the sidebar and the style sheet of every page
cached, cached_*  Streamlit's caches over core, and the warm-up; nothing else caches
pictures     what a visitor offers to be read: name, bytes, true time
forms        widgets -> choices, every one of them kept in the URL
history      choices that the session keeps and the URL names: Back, links, visits to other pages
uploads      the files uploaded last, kept while another source or page is shown
views        what several parts show alike: headings, charts, shares, a reading in a few words
readings     the Readings of one picture -> what stands on the page
why          what a model looked at, the pixels that decide, and a reader without learning beside it
tables       the readings of many pictures, as a table and as CSV
model_cards  a card for each model, tables for all
study_tab    the stored studies: which, and how much of it is there; study_effects, study_lines, study_pairs, study_runs,
             study_run, study_published are its sections, study_charts its figures, which can be saved
dataset_browser  the tab that shows the pictures of a data set
compare      the tab that sets all models side by side
lesson       the tab on the common-sense error, with its dial of two times
train_values, train_form  a training run as the fields of its form; the form
train_now    the tab that starts runs and shows them while they train; train_lane: one of them, with its buttons;
             train_insides: their filters and sample pictures; steering: who may hold and stop them
latent_*     the page 'Latent space': ends (dice, pictures), walk, square, desk, map, learning (the tabs), made (what they
             show, kept), tiles (pictures in rows)
report_items the items of a report, each with its lines, and the list of contents
living, shelf, in_memory  the first page: pictures drawn from what is stored, the models that are here and loaded
presenter    presenter mode: its bar, its keys, what the URL says of it; demos: the script that drives the pages
share, source  a link and QR code of what stands on screen; the code that made it
theme        light or dark, large or not
gallery, paste, cropper, scrubber, dial, parallel  components that run in the browser (their scripts lie in ``web``)
"""
