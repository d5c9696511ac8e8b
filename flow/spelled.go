package flow

import "strings"

var (
	notWords = strings.Fields("not no dont don never neither except without non mica senza pas sans ni nu fara tampoco sin nicht kein keine keinen ohne nao nem sem")
	andWords = strings.Fields("and or plus also too both e ed o oppure anche et ou aussi si sau y und oder auch tambem tambien")
	// What stands around a count.
	aroundCounts = strings.Fields(`we are just only for of us people persons person adults please thanks siamo in solo per noi persone persona adulti grazie nous sommes on est pour personne personnes
 adultes merci suntem pentru persoane persoana adulti multumesc va rog somos para personas adultos gracias por favor personas pessoa persoana noi doar somos solo wir sind fur fuer nur personen erwachsene bitte danke pessoa pessoas obrigado obrigada`)
)
