package ingest

import "testing"

// "No thanks" to a question of a flow answers the question, in every language served: nobody is asked whether they
// want to hear no more. What ends everything ends it at any question.
func TestNoThanksAnswersTheQuestionAndStopEndsTheFlow(t *testing.T) {
	t.Parallel()
	const document = `{"format":1,"id":"rent","version":1,"name":"Rent","languages":["en","it","fr","ro","es","de","pt"],"steps":[
 {"id":"insure","type":"question","text":{"en":"With insurance?","it":"Con assicurazione?","fr":"Avec assurance ?","ro":"Cu asigurare?","es":"¿Con seguro?","de":"Mit Versicherung?","pt":"Com seguro?"},"save":"insured",
  "answer":{"kind":"choice","choices":[
   {"id":"yes","title":{"en":"Yes","it":"Sì","fr":"Oui","ro":"Da","es":"Sí","de":"Ja","pt":"Sim"},"next":"with"},
   {"id":"no","title":{"en":"No","it":"No","fr":"Non","ro":"Nu","es":"No","de":"Nein","pt":"Não"},"next":"without"}]},"next":"with"},
 {"id":"with","type":"end","text":{"en":"With."}},{"id":"without","type":"end","text":{"en":"Without."}}]}`
	for text, stops := range map[string]bool{
		"no thanks": false, "No, thank you!": false, "No": false, "No grazie": false, "no, grazie": false, "Non merci": false, "non, merci": false, "nu mulțumesc": false, "Nu, mulțumesc": false, "no gracias": false,
		"Nein danke": false, "nein, danke!": false, "não, obrigado": false, "Não obrigada": false,
		"STOP": true, "unsubscribe": true, "non scrivetemi più": true, "désabonnez-moi": true, "dezabonare": true, "no me escriban más": true, "bitte keine Nachrichten mehr": true, "não me mandem mais mensagens": true,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.publish(document)
			b.write("hello")
			b.write(text)
			said := b.said()
			withdrawn := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'withdraw'`) == 1
			doubts := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'doubt'`)
			if !stops && (said[len(said)-1] != "Without." || doubts != 0 || withdrawn) {
				t.Errorf("an answer: said %q, %d doubts, withdrawn %v, because %v", said, doubts, withdrawn, b.reasons())
			}
			if stops && (!withdrawn || said[len(said)-1] == "Without." || said[len(said)-1] == "With.") {
				t.Errorf("a withdrawal: said %q, withdrawn %v, because %v", said, withdrawn, b.reasons())
			}
		})
	}
}
