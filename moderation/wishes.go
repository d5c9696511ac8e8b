package moderation

import (
	"regexp"
	"strings"
)

// Two wishes are recognised by rules before any model, because they must not be missed: to hear no more
// (consent law 7.3) and to talk to a person. Patterns run on the folded text: lower case, no accents,
// no punctuation.

// stopWords withdraw when they are the whole message, or its first word with nothing against it.
var stopWords = set("stop", "stopp", "unsubscribe", "unsub", "optout", "opt out", "stop all", "stopall", "arret", "arreter", "arretez", "desinscription", "desabonner", "desabonnement", "desinscrire", "desinscris moi", "desabonnez moi", "ferma", "fermate",
	"cancellami", "cancellatemi", "disiscrivi", "disiscrivimi", "disiscrivetemi", "disiscrizione", "baja", "darme de baja", "parar", "sair", "descadastrar", "descadastro", "abmelden", "abmeldung", "abbestellen", "austragen",
	"opreste", "opriti", "dezabonare", "dezabonati ma", "dezaboneaza ma", "no more", "no mas", "remove me", "plus de messages", "basta messaggi", "stop it", "stop pls", "stop please", "please stop", "stop grazie", "stop merci", "stop danke", "bitte stopp", "bitte stop",
	"stop va rog", "por favor parar", "stop por favor", "pare", "parem", "pare de enviar", "quit", "end", "remove", "ende", "alto", "detener", "cancelar suscripcion", "cancelar inscricao", "stop sms", "stop messages", "stop texting me", "stop messaging me", "leave me alone", "lasciatemi in pace", "laissez moi tranquille", "lasati ma in pace", "dejadme en paz", "dejenme en paz", "lasst mich in ruhe", "me deixem em paz", "deixem me em paz")

// doubtfulWords may withdraw, or mean a booking or the talk itself: one question settles it.
var doubtfulWords = set("cancel", "cancella", "cancelar", "annulla", "annuler", "anuleaza", "anulati", "anular", "stornieren", "basta", "genug", "enough", "assez", "destul", "suficiente", "chega", "too many messages", "troppi messaggi", "trop de messages", "prea multe mesaje", "demasiados mensajes", "zu viele nachrichten", "muitas mensagens", "mensagens demais", "no thanks stop", "annullare", "cancel it", "cancel please", "cancel pls")

var clearPatterns = byLanguage{
	"en": compile(
		`\b(object|oppose)\w* to\b.*\b(marketing|messages|offers|texts)\b`, `\bleave (the|this|your) (list|group|broadcast)\b`,
		`\b(stop|quit|cease|no more) (sending|texting|messaging|spamming|contacting|writing|bothering|emailing|with (the|these|your)|the|these|your|all|any|this)\b.*\b(me|messages?|texts?|msgs?|offers?|promos?|promotions?|ads?|adverts?|marketing|spam|stuff|emails?|newsletters?|deals)\b`,
		`\b(stop|quit) (texting|messaging|spamming|contacting|writing|bothering|pestering|msging|dming) me\b`,
		`\b(do ?nt|do not|never|dont ever) (ever )?(text|message|contact|write|msg|spam|email|dm|send)( to)? me\b`,
		`\b(dont|do not|never|no longer) (want|wish|need|like)( to)? (get|receive|see|have|be|hear|any|more|your|these|this|ur|u|you)\b.*\b(messages?|texts?|msgs?|offers?|promos?|promotions?|ads?|marketing|spam|notifications?|updates?|newsletters?|contacted|messaged|texted|hear|deals|stuff)\b`,
		`\b(take|remove|delete|get|drop|scratch) (me|my (number|name|contact|phone|details))( off| from| out)?\b.*\b(list|lists|database|system|contacts?|mailing|off|this|marketing|number|broadcast|campaign)?\b`,
		`\b(unsubscribe|unsub|opt out|optout|opt me out|opting out)\b`,
		`\bno more (messages?|texts?|msgs?|offers?|promos?|promotions?|ads?|marketing|spam|of these)\b`,
		`\b(im|i am|was|am) (not interested in|done with|sick of|tired of|fed up with) (your |these |this |the |all |getting |receiving )*(messages?|texts?|offers?|promos?|promotions?|marketing|spam|ads?)\b`,
		`\b(withdraw|revoke|take back) my (consent|permission)\b`,
		`\b(block|lose|delete|forget) (my|this) number\b`,
	),
	"it": compile(
		`\bmi oppongo\b`, `\bniente (piu )?(pubblicita|messaggi|offerte|promo\w*)\b`, `\b(uscire|esco|fatemi uscire) da(lla|l|i)?\b.{0,10}\b(lista|gruppo|chat|broadcast)\b`, `\bnn (mandate|scrivete|inviate)\b`,
		`\bnon (voglio|desidero|vorrei|intendo|mi interessa|mi va)( piu)?( di)?( piu)? (ricevere|sentire|avere|essere contatt\w+|vostr\w+|i vostri|le vostre|altri|altre|messaggi|offerte|promozioni|pubblicita)\b`,
		`\b(non|smettete|smettetela|smettila|smetti|basta|finitela|piantatela|evitate|cessate)\b.{0,20}\b(scriv\w+|mandar\w+|mand\w+|invi\w+|contatt\w+|messaggi\w*|spam\w*|disturb\w+|romp\w+|offerte|promozioni|pubblicita|promo)\b`,
		`\b(cancell|toglie|togli|rimuov|elimin|disiscriv|disiscriz|depenn|leva)\w*\b.{0,25}\b(mi|me|numero|lista|iscrizione|contatt\w*|elenco|rubrica|newsletter|mailing|broadcast)\b`,
		`\b(cancellami|cancellatemi|toglietemi|toglimi|rimuovetemi|rimuovimi|eliminatemi|disiscrivetemi|disiscrivimi|disiscrivermi|cancellarmi|togliermi|disiscrizione)\b`,
		`\b(revoco|ritiro) (il )?(mio )?consenso\b`, `\bnon (scrivetemi|scrivermi|contattatemi|contattarmi|mandatemi|mandarmi|inviatemi|inviarmi|disturbatemi)\b`, `\bnon mi (scrivete|contattate|mandate|inviate|mandare|scrivere|contattare|disturbate|inviare)\b`,
	),
	"fr": compile(
		`\b(foutez|fichez|laissez) moi (la paix|tranquille)\b`, `\blachez moi\b`, `\b(quitter|sortir de) (la|cette|votre) liste\b`, `\b(m oppose|moppose)\b`,
		`\bne (m|me|mecrivez|menvoyez|m ecrivez|m envoyez|voulez|veux|souhaite|desire|mecris|menvoie|recontactez|contactez)\w*\b.{0,30}\b(plus|pas|jamais)\b.{0,40}`,
		`\b(je )?(ne )?(veux|souhaite|desire|veut|voudrais) (plus|pas) (de |recevoir|etre|aucun|vos|que|entendre)`,
		`\b(arrete|arretez|arreter|cessez|cesser|stoppez|stop|finissez)\b.{0,15}\b(de |avec |vos |les |ces |tous |d )?\w*(ecri\w*|envo\w*|contact\w*|message\w*|spam\w*|sms|pub\w*|promo\w*|offre\w*|harcel\w*|embet\w*)\b`,
		`\b(desinscri|desabonn|desinscr)\w*\b`, `\b(retirez|supprimez|enlevez|effacez|sortez|retire|supprime|enleve|rayez)\b.{0,12}\b(moi|mon|me|numero|nom)\b`, `\bplus (de|aucun|aucune|jamais de) (messages?|sms|pub\w*|promo\w*|offres?|notifications?)\b`,
		`\b(retire|revoque|annule) mon (consentement|accord)\b`, `\bplus (me |m )?(contacter|ecrire|envoyer|deranger|ecrivez|envoyez)\b`,
	),
	"ro": compile(
		`\bma opun\b`, `\b(sa )?ies din (lista|grup)\w*\b`, `\b(gata|terminati|ajunge) cu\b.{0,10}\b(mesaj\w*|reclam\w*|promo\w*|oferte\w*)\b`, `\bdezactiv\w+\b.{0,15}\b(promo\w*|mesaj\w*|notific\w*|oferte\w*)\b`, `\bfara (mesaje|oferte|reclame|promotii)\b`, `\bsa fiu (stears|scos)\w*\b`,
		`\b(nu|sa nu)( mai| imi mai| ma mai| mi mai)? (vreau|doresc|vrem|imi|mi|ma|trimite\w*|scrie\w*|contacta\w*|primesc|primi|deranja\w*|suna\w*)\b.{0,40}\b(mesaj\w*|oferte\w*|promoti\w*|promo\w*|reclam\w*|primesc|primi|trimite\w*|trimiteti|scrie\w*|scrieti|contacta\w*|contactati|sms\w*|spam|notificar\w*|deranja\w*|contactat\w?|nimic)\b`,
		`\bnu (imi|mi|ma|i mi|mi mai|ma mai|imi mai) ?(mai )?(trimite\w*|scrie\w*|contacta\w*|deranja\w*)\b`, `\bnu mai (trimite\w*|scrie\w*|contacta\w*|deranja\w*)\b`,
		`\b(opreste|opriti|incetati|inceteaza|terminati|gata cu|stop cu|ajunge cu|lasati)\w*\b.{0,25}\b(mesaj\w*|oferte\w*|promo\w*|reclam\w*|spam\w*|trimis\w*|sms\w*|notificar\w*|pace)\b`,
		`\b(dezabon\w*|dezinscri\w*)\b`, `\b(stergeti|sterge|scoateti|scoate|eliminati|elimina)\w*\b.{0,6}\b(ma|numarul|nr|mi|imi|datele)\b`, `\b(scoateti|stergeti|eliminati|scoate|sterge) ?ma\b`, `\b(retrag|revoc) (acordul|consimtamantul)\b`,
	),
	"es": compile(
		`\bfin (a |de )?(los |las )?mensajes\b`, `\bme saqu\w+\b`, `\b(salir|salirme|sacarme) de (la|esta|este|vuestra|su|tu) (lista|grupo)\b`, `\bme opongo\b`,
		`\bno (quiero|deseo|queremos|me interesa|necesito|quisiera)( mas| ya)?( que)?( mas)? (recibir|saber|mensajes|ofertas|promo\w*|publicidad|me|que|vuestr\w*|sus|tus|nada|seguir)\b`,
		`\b(ya )?no (me|mas)?\s?(envi\w+|mand\w+|escrib\w+|contact\w+|molest\w+|spam\w*|mensaj\w+)\b`, `\b(deja|dejad|dejen|dejar|dejen ya|paren|parad|para|basta|alto|stop|cesen|cesad)\b.{0,12}\b(de |con |ya |los |las |sus |tantos )?\w*(envi\w+|mand\w+|escrib\w+|contact\w+|molest\w+|spam\w*|mensaj\w+|oferta\w*|promo\w*|publicidad)\b`,
		`\b(dame|darme|denme|dadme|deme|dar) de baja\b`, `\b(quitadme|quitame|quitenme|borradme|borrame|borrenme|eliminadme|eliminame|eliminenme|sacadme|sacame|saquenme|desuscrib\w*|desapunt\w*|desinscrib\w*)\b`, `\b(borr|elimin|quit|sac)\w+ mi (numero|telefono|contacto|nombre)\b`, `\bno mas (mensajes|ofertas|promo\w*|publicidad|spam|sms|correos|whatsapps?)\b`, `\b(retiro|revoco) mi (consentimiento|permiso)\b`,
	),
	"de": compile(
		`\b(keine|kein)( weiteren?| mehr)? ?(nachrichten|werbung|angebote|newsletter|infos?|sms|mails?|werbenachrichten|whatsapps?|aktionen|benachrichtigungen|spam)\b.{0,30}`,
		`\b(schreibt|schreib|schreiben sie|schickt|schick|schicken sie|sendet|senden sie|kontaktiert|kontaktieren sie|belastigt|textet)\b.{0,20}\b(nicht|nichts|keine|nie)\b.{0,15}`, `\b(hort|hor|horen sie|hoeren sie|hoer|hoert)\b.{0,12}\bauf\b.{0,30}\b(schreib\w*|schick\w*|send\w*|nachrichten|werbung|spam\w*|nerv\w*|zu)\b`,
		`\b(abmelden|abbestell\w*|austragen|abgemeldet|abzumelden|meldet mich ab|melden sie mich ab|meld mich ab|tragt mich aus|tragen sie mich aus)\b`, `\b(losch\w*|loesch\w*|entfern\w*|streich\w*|nehmt|nehmen sie|nimm)\b.{0,10}\b(mich|meine|aus)\b.{0,30}\b(liste|nummer|verteiler|daten|kontakt\w*|raus)\b`,
		`\b(will|mochte|moechte|wunsche|wuensche)\b.{0,25}\b(nicht mehr|nichts mehr|keine|kein)\b.{0,40}\b(nachrichten|werbung|angebote|newsletter|hor\w*|bekomm\w*|erhalt\w*|kontakt\w*|angeschrieben|post|infos?|schreib\w*)\b`, `\b(widerrufe|ziehe)\b.{0,15}\b(einwilligung|zustimmung)\b`,
	),
	"pt": compile(
		`\bdeixar de receber\b`, `\bfim das mensagens\b`, `\bme exclu\w+\b`, `\bsair d(a|o|esta|este|essa|esse) (lista|grupo)\b`, `\bme oponho\b`, `\bn quero mais\b`,
		`\b(nao|num|n) (quero|desejo|gostaria|tenho interesse|pretendo|queria|preciso)( mais| de)*( mais)? (receber|mensagens|ofertas|promo\w*|publicidade|propaganda|ser|que|nada|saber|de)\b`, `\bnao (me )?(mandem|mande|manda|enviem|envie|envia|escrevam|escreva|contatem|contactem|contate|contacte|incomodem|perturbem|chateiem)\b`,
		`\b(parem|pare|para|parar|chega|deixem|deixe|cessem|basta)\b.{0,10}\b(de |com |essas? |esses? |as |os |por )?\w*(mandar\w*|envi\w+|escrev\w+|contat\w+|contact\w+|incomod\w+|spam\w*|mensage\w+|oferta\w*|promo\w*|propaganda\w*|publicidade|encher|chatear)\b`,
		`\b(me )?(descadastr\w*|desinscrev\w*|desinscri\w*|descadastre)\b`, `\b(me )?(tire|tirem|tira|remova|removam|remove|retire|retirem|apague|apaguem|exclua|excluam|elimine|eliminem)( me| o| meu)*\b.{0,25}\b(lista|listas|numero|contato|contacto|cadastro|base|grupo|me|meu|dados)\b`, `\b(cancelar|cancelem|cancele)\b.{0,12}\b(inscricao|subscricao|cadastro|assinatura|mensagens|newsletter)\b`, `\b(retiro|revogo|cancelo) (o )?(meu )?(consentimento|autorizacao)\b`, `\bmais nenhuma? (mensagem|oferta|promocao)\b`, `\bsem mais (mensagens|ofertas|promocoes)\b`,
	),
}

// notStopping keeps look-alikes out: people who ask us to go on, who speak of a bus stop, who cannot stop
// laughing.
var notStopping = compile(
	`\b(please |pls )?(do ?nt|do not|never|cant|can not|cannot|couldnt|wont|didnt|not) (ever )?(stop|quit|unsubscribe|remove me|opt)\b`, `\bdont (you )?(dare )?(stop|remove|unsubscribe|delete|take me off)\b`, `\b(how|can|could|where|do) (do |can |to |i |you )*(stop|unsubscribe|cancel) (the|my) (order|booking|subscription box|delivery|alarm|leak\w*|noise|pump|music)\b`,
	`\bnon (smett\w+|cancell\w+|disiscriv\w+|toglie\w+|ferma\w*|fermat\w+)\b`, `\bne (marretez|m arretez|arretez|me desabonnez|me desinscrivez|me retirez|vous arretez|marrete|m arrete|supprimez) ?(pas|jamais|surtout)\b`, `\bnu (te opri|va opriti|ma dezabona\w*|ma sterge\w*|ma scoate\w*|opri\w*|incetati)\b`, `\bno (pareis|paren|pares|me deis de baja|me borreis|me borren|me quiteis|dejeis|dejen|me den de baja)\b`, `\b(nicht|bloss nicht|bitte nicht) (abmelden|aufhoren|austragen|loschen|stoppen)\b`, `\bhort (bitte |bloss )?nicht auf\b`, `\bnao (parem|pare|me tirem|me removam|me descadastr\w+|cancelem)\b`,
	`\b(dont|do not|not|never) (want|wish|like|need) to (be removed|opt out|unsubscribe|leave|stop receiving)\b`, `\bnon (voglio|vorrei) (cancell\w+|disiscriv\w+|uscire|essere cancell\w+)\b`, `\bne (me|nous) (supprim|retir|desinscri|desabonn|enlev|effac)\w+ (pas|surtout)\b`, `\bnu vreau sa (ma dezabon\w+|ies|fiu (sters|scos))`, `\bno (quiero|queremos|quisiera) (darme|darnos|salir|salirme|que me (borr|quit|elimin|saqu))\w*`, `\b(will|mochte|moechte) (mich |ich )?(gar |noch )?nicht (abmelden|austragen|raus|kundigen)\b`, `\bnao (quero|queria) (sair|ser (removid|retirad)\w|me descadastrar|cancelar a)\b`,
	`\b(perche|come mai) non (mi |ci )?(scriv|mand|invi|arriv)\w+`, `\bwhy (did|have|do|dont|arent) (you|i|u)\b.{0,12}\b(stop|stopped|not|get|getting|send|sending|write|writing)\b`, `\bwarum (bekomm|schreib|krieg|schick)\w*`, `\bpourquoi (je ne recois|vous (ne|n)|on ne recoit)\b`, `\bde ce nu (mai |mi mai |imi mai )?(primesc|trimite|scrie)\w*`, `\bpor ?que (ya no|no|nao|n) (me |recib|receb|mand|envi|escrev|escrib)\w*`,
	`^(thanks|thank you|grazie|merci|gracias|danke|vielen dank|mersi|multumesc|obrigad[oa])( mille| beaucoup| mult)? (for|per|pour|por|fur|pentru|pela|del|de) (the |il |le |votre |vostro |el |tu |die |eure |sua |vossa |your |your )?(message|messaggio|mensaje|nachricht|mesaj|mesajul|mensagem)$`,
	`\b(non ho (ancora )?ricevuto|je n ?ai (toujours )?pas recu|nu am primit|no (me ha llegado|he recibido)|habe? (noch )?keine nachricht (von euch )?bekommen|nao recebi|(didnt|did not|havent|have not) (receive|received|get|got))\b`,
	`\b(bus|tram|train|metro|next|pit|non|full|one|f) stop\b`, `\bstop (by|in|over|at|sign|loss|motion|crying|laughing|it youre|thinking|scrolling|looking|smiling|watching|wearing|eating|buying|playing|dreaming)\b`, `\b(cant|cannot|couldnt|could not|wont|never) stop\b`,
)

// bookingTalk makes a cancel word about a booking or an order and not about messages.
var bookingTalk = compile(`\b(booking|appointment|reservation|order|table|class|session|lesson|tour|trip|slot|oclock|o clock|\d{1,2} ?(am|pm|h|uhr)|tomorrow|today|monday|tuesday|wednesday|thursday|friday|saturday|sunday|prenotazione|appuntamento|ordine|tavolo|lezione|domani|oggi|alle \d+|rendez vous|rdv|reservation|commande|demain|aujourdhui|rezervare\w*|programare\w*|comanda|comenzi|maine|reserva|cita|pedido|manana|hoy|mesa|termin|buchung|bestellung|reservierung|morgen|heute|tisch|marcacao|consulta|encomenda|amanha|hoje|agendamento)\b`)

var humanPatterns = byLanguage{
	"en": compile(
		`\b(talk|speak|chat|connect|transfer|put|pass|get|escalat\w+)\b.{0,25}\b(human|person|someone|somebody|agent|representative|rep|operator|staff|team|manager|real|colleague|people|supervisor|advisor|employee)\b`, `\b(real|actual|live|human) (person|human|agent|people|being|operator|rep|someone|staff|support|help|assistance|one)\b`, `\b(human|agent|operator|representative|customer service|live chat|live agent|supervisor)( please| pls| now)?$`, `^(human|agent|operator|person|representative|staff)\b`, `\b(not|no|stop (with )?the|hate( the| this| these)?|stupid|sick of( the| this)?|another|just a|only a) (bots?|robots?|machine|chatbots?|automated|automatic)\b`, `\b(are you|is this|am i (talking|speaking|chatting) (to|with)) (a |an )?(bot|robot|real|human|machine|person|ai)\b`, `\b(call|ring|phone) me( back)?\b`, `\b(can|could|may|is there|want|need|give me|get me) .{0,15}\b(someone|somebody|a person|a human|anyone|anybody|a manager|an agent)\b`,
	),
	"it": compile(
		`\b(parlare|parlo|parlate|passami|passatemi|passate|mettermi|mettimi|mettetemi|contattare|contatto|sentire|rispond\w+|scrivere|chiamare|comunicare|chattare|interagire)\b.{0,30}\b(operator\w+|persona|umano|umana|qualcuno|responsabile|addett\w+|assistente|consulente|collega|vera|vero|reale|titolare|staff|essere umano|commess\w+|dipendente|qualcuna)\b`, `\b(operatore|operatrice|persona (vera|reale|in carne)|essere umano|un umano|umano)\b`, `\b(non|basta|odio|solo|stufo di|stufa di) (voglio |con |parlo con |un |il |i |parlare con |parlare )*(bot|robot|macchina|risponditore|automatic\w+)\b`, `\b(chiamatemi|richiamatemi|mi (richiamate|chiamate|puo chiamare|potete chiamare))\b`, `\bc e qualcuno\b`, `\bqualcuno (che|mi|puo|puo rispondere|in linea|vero)\b`,
	),
	"fr": compile(
		`\b(parler|parle|discuter|echanger|contacter|joindre|mettre|passez|passer|passe|transfer\w+|repond\w*|relation|avoir|veux|voudrais|besoin d|appeler)\b.{0,30}\b(humain\w*|personne|quelqu ?un|conseill\w+|agent|operateur|operatrice|responsable|vrai\w*|collegue|employe\w*|vendeu\w+|equipe|manager|interlocuteur|service client|etre humain)\b`, `\b(vraie personne|vrai humain|un humain|etre humain|un conseiller|une conseillere|quelqu ?un de (vrai|reel)|service client|un agent)\b`, `\b(rappelez moi|appelez moi|rappeler)\b`, `\b(pas|marre|stop|assez|ras le bol) (a |d |de |du |des |avec |parler a |un |le |les |aux |ce |ces |cette )*(bots?|robots?|machines?|automate\w*|chatbots?|ia)\b`, `\b(y a t il|il y a|ya|y a) quelqu ?un\b`,
	),
	"ro": compile(
		`\b(vorb\w+|discut\w+|transfer\w+|legatura|da\w* |lasa\w* |pune\w* |raspund\w*|contact\w*|scriu|conect\w*|chem\w*|suna\w*|vreau)\b.{0,30}\b(om|persoana|cineva|operator\w*|agent\w*|consultant\w*|uman\w*|coleg\w*|reprezentant\w*|responsabil\w*|manager\w*|angajat\w*|real\w*|vie|oameni|seful?)\b`, `\b(operator|persoana reala|om real|om adevarat|un om|fiinta umana|factor uman)\b`, `\b(nu|fara|satul de|satula de|nu vreau|gata cu) (cu |un |vorbesc cu |vreau |discut cu )*(robot\w*|bot\w*|masin\w*|automat\w*)\b`, `\b(sunati ma|ma (puteti suna|suna|sunati|poate suna))\b`, `\b(e|este) cineva\b`,
	),
	"es": compile(
		`\b(hablar|hablo|hable|pasame|paseme|pasadme|pasenme|ponme|pongame|comunic\w+|contactar|atend\w+|atienda|atencion|transfer\w+|chatear|quiero|necesito|conecta\w*|responda|conteste)\b.{0,30}\b(persona|humano|humana|alguien|agente|operador\w*|asesor\w*|encargad\w+|responsable|representante|real|companero|ejecutiv\w+|comercial|gerente|atencion al cliente|personal)\b`, `\b(persona real|ser humano|un humano|una persona|un agente|operador humano|agente humano|atencion humana|atencion al cliente)\b`, `\b(no|basta de|harto de|harta de|odio) (quiero |hablar |con |a |un |una |los |las |el |este |al )*(bots?|robots?|maquinas?|contestador\w*|automatic\w*)\b`, `\b(llamadme|llamame|llamenme|me (llamais|llaman|podeis llamar|pueden llamar|puede llamar))\b`, `\bhay alguien\b`,
	),
	"de": compile(
		`\b(sprechen|reden|sprech|verbinden|verbinde|verbindet|chatten|schreiben|weiterleiten|durchstellen|kontakt|telefonieren|antwort\w*|brauch\w*|will|mochte|moechte)\b.{0,30}\b(mensch\w*|person|mitarbeiter\w*|jemand\w*|berater\w*|kollege\w*|kollegin|ansprechpartner\w*|echte\w*|richtige\w*|chef\w*|kundenservice|kundendienst|support mitarbeiter)\b`, `\b(mensch\w*|person|mitarbeiter\w*|jemand\w*|berater\w*|ansprechpartner\w*|kollegen)\b.{0,20}\b(sprechen|reden|schreiben|verbinden|chatten|bitte|erreichen|da|zu sprechen)\b`, `\b(echter mensch|echten menschen|echte person|echten person|menschlich\w*|ein mensch|mitarbeiter bitte)\b`, `\b(kein\w*|nicht|nur|blod\w*|mit|von) (mit |einem |einer |ein |dem |der |diesem |diesen )*(bots?|roboter\w*|maschine\w*|automat\w*|chatbots?|ki)\b.{0,25}`, `\b(ruft mich an|rufen sie mich|ruckruf|rueckruf|zuruckrufen)\b`, `^(mitarbeiter|mensch|berater)\b`,
	),
	"pt": compile(
		`\b(falar|falo|fale|conversar|passar|passa|passe|transferir|transfere|transfira|contactar|contatar|atend\w+|quero|preciso|ligar|chamar|chama|responda|gostava|gostaria)\b.{0,30}\b(pessoa|humano|humana|alguem|atendente|operador\w*|assistente|responsavel|funcionari\w+|colega|real|gente|vendedor\w*|gerente|consultor\w*|equipe|equipa|verdade|ser humano)\b`, `\b(atendente|pessoa real|pessoa de verdade|ser humano|um humano|operador humano|atendimento humano|assistente humano)\b`, `\b(nao|chega de|odeio|farto de|farta de|cansad\w de|so) (quero |falar |com |a |um |uma |o |os |esse |este |robos? )*(bots?|robos?|robot|maquinas?|automatic\w*)\b`, `\b(liguem me|me liguem|me ligue\w*|ligue me|podem ligar\w*|pode me ligar)\b`, `\b(tem|ha|esta) (alguem|ai alguem)\b`,
	),
}

// byLanguage keeps patterns apart by language. A text whose language is plain is held against its own
// and English, which people mix in; a short or unclear one against all.
type byLanguage map[string][]*regexp.Regexp

func (b byLanguage) match(text, language string) bool {
	own, ok := b[language]
	if !ok || strings.Count(text, " ") < 4 {
		for _, list := range b {
			if anyOf(list, text) {
				return true
			}
		}
		return false
	}
	return anyOf(own, text) || language != "en" && anyOf(b["en"], text)
}

func compile(patterns ...string) []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		out[i] = regexp.MustCompile(p)
	}
	return out
}

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

func anyOf(list []*regexp.Regexp, text string) bool {
	for _, re := range list {
		if re.MatchString(text) {
			return true
		}
	}
	return false
}

// plain is the folded text with signs and emoji gone: words and single spaces.
func plain(folded string) string {
	var b strings.Builder
	gap := true
	for _, r := range folded {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 0xbf && !isEmoji(r) {
			b.WriteRune(r)
			gap = false
		} else if !gap {
			b.WriteByte(' ')
			gap = true
		}
	}
	return strings.TrimSpace(b.String())
}

// wishSigns are what patterns see of a wish in a text.
type wishSigns struct{ stopWord, doubtfulWord, begins, clear, against, booking, human bool }

// signsOf runs the patterns.
func signsOf(text, language string) wishSigns {
	w := wishSigns{stopWord: stopWords[text], doubtfulWord: doubtfulWords[text]}
	first, _, _ := strings.Cut(text, " ")
	w.begins = first == "stop" || first == "stopp" || first == "unsubscribe"
	w.clear = clearPatterns.match(text, language)
	w.begins, w.clear = w.begins && w.clear, w.clear || w.begins && strings.Count(text, " ") <= 3
	w.against = anyOf(notStopping, text)
	w.booking = anyOf(bookingTalk, text)
	w.human = humanPatterns.match(text, language)
	return w
}

// wishFeatures adds what the patterns see, so that the heads of the two wishes weigh it with the words:
// neither a pattern alone nor the words alone decide.
func (s *scratch) wishFeatures(w wishSigns) {
	for i, on := range [...]bool{w.stopWord, w.clear, w.against, w.booking, w.human, w.clear && !w.against, w.clear && w.booking, w.doubtfulWord} {
		if on {
			s.loud(50+i, 1)
			s.loud(60+i, 1)
		}
	}
}

// recogniseWishes says whether a text takes consent back or asks for a person. A word that is the whole
// message needs no model.
func recogniseWishes(n normal, p Prediction) (OptOut, bool) {
	if len(n.folded) > longestStopWord+8 && p.Withdraws < min(p.WithdrawsFrom, plainlyDoubtful) && p.Asks < p.AsksFrom {
		return NoOptOut, false
	}
	text := plain(n.folded)
	asks := p.Asks >= p.AsksFrom
	plainly := p.Signs.clear && !p.Signs.against && !p.Signs.booking // said in so many words
	switch {
	case text == "":
		return NoOptOut, false
	case stopWords[text]:
		return OptOutClear, false
	case doubtfulWords[text]:
		return OptOutDoubtful, asks
	case plainly && (p.Withdraws >= plainlyClear || p.Signs.begins && p.Withdraws >= plainlyDoubtful):
		return OptOutClear, asks && p.Asks > p.Withdraws
	case p.Withdraws < p.WithdrawsFrom && !(plainly && p.Withdraws >= plainlyDoubtful):
		return NoOptOut, asks
	case p.Withdraws < p.WithdrawsClear:
		return OptOutDoubtful, asks
	}
	return OptOutClear, asks && p.Asks > p.Withdraws
}

// What a pattern finds and nothing speaks against needs little more from the model.
const (
	plainlyClear    = 0.25
	plainlyDoubtful = 0.05
)

// longestStopWord bounds the texts that may be one word or phrase of the lists.
var longestStopWord = func() int {
	most := 0
	for _, list := range []map[string]bool{stopWords, doubtfulWords} {
		for w := range list {
			most = max(most, len(w))
		}
	}
	return most
}()
