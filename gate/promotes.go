package gate

import (
	"regexp"
	"strings"
)

// The words of offers are folded: lower case, no accents. The lists go by what is said – a percentage, a rebate, a half
// price, two for one, a present with the order, a low price –, a line for each language of each.
//
// A word that also stands in "you will get no more of them" counts only in a message that nobody asked for (broadWords),
// or beside what makes it an offer.
var strongWords = wordList(`\d+ ?(%|percent|per ?cento|pour ?cent|por ?ciento|por ?cento|prozent|la suta)`,
	`discounts?|coupons?|vouchers?|promo ?codes?|promo|sale|on sale|clearance|half[ -]price|best price|lowest price|free shipping|free delivery|buy now|shop now|order now|special offers?|exclusive offers?|limited offers?|great offers?|limited time|black friday|cyber monday|flash sale|cashback|gift ?cards?|bestsellers?|new collection|just landed|check out our|visit our (shop|store|website|site)|save (up to )?(a?\$|€|£) ?\d+`,
	`sconti|sconto|scontat[oaie]|saldi|buono sconto|codice sconto|offerta speciale|offerte speciali|offerta esclusiva|spedizione gratuita|spedizione gratis|acquista ora|compra ora|prezzo speciale|prezzi speciali|solo per oggi|nuova collezione|in promozione|visita il nostro (negozio|sito)`,
	`remises?|rabais|reductions?|soldes?|code promo|promos?|offres? speciales?|offres? exclusives?|livraison gratuite|livraison offerte|achetez|profitez|prix reduits?|bon d'achat|nouvelle collection|en promotion|destockage`,
	`reduceri|reducerea|reducerile|reducere|redus|voucher(ul|e|ele)?|cupon(ul|e|ele)?|discount(ul|uri|urile)|cod(ul)? promotional|oferta speciala|oferte speciale|oferta exclusiva|livrare gratuita|transport gratuit|cumpara acum|comanda acum|pret special|preturi speciale|colectie noua|la promotie|lichidare`,
	`descuentos?|rebajas?|rebajad[oa]s?|cupon(es)?|codigo promocional|oferta especial|ofertas especiales|oferta exclusiva|envio gratis|envio gratuito|compra ya|compra ahora|precio especial|nueva coleccion|en promocion|liquidacion`,
	`\pL*rabatt\pL*|(preis)?nachlass\pL*|\pL*gutschein\pL*|sonderangebot\pL*|angebot des tages|\pL*schlussverkauf\pL*|ausverkauf|kostenloser versand|gratis versand|versandkostenfrei|jetzt kaufen|jetzt bestellen|(sonder|aktions|tief|spar|schnappchen|angebots)preis\pL*|neue kollektion|nur heute|reduziert`,
	`descontos?|saldos|cupao|cupom|cupoes|codigo promocional|oferta especial|ofertas especiais|oferta exclusiva|portes gratis|envio gratis|frete gratis|compre ja|compre agora|preco especial|nova colecao|em promocao|liquidacao`,

	// So much less.
	`(`+sum+`) (off|cheaper|di sconto|in meno|de reduction|de remise|de moins|offerts?|de descuento|menos|gunstiger|weniger|geschenkt|rabatt|de desconto|mai ieftin|reducere)`,
	`save (up to )?(`+sum+`)|risparmi\pL* (fino a )?(`+sum+`)|economise[szr]? (jusqu'a )?(`+sum+`)|economis(esti|iti|ezi) (pana la )?(`+sum+`)|ahorr(a|as|e|en) (hasta )?(`+sum+`)|spar(e|en|en sie|t) (bis zu )?(`+sum+`)|poup(a|e|em) (ate )?(`+sum+`)`,

	// Half the price, two for one.
	`meta prezzo|moitie prix|(jumatate|jumate) (de|din) pret|mitad del? precio|halbe[nr]? preis|metade do preco`,
	`bogo|buy (one|1|two|2),? get (one|1|a)|(2|two) for (1|one)|\d for the price of \d|2 ?x ?1|3 ?x ?2|1 ?\+ ?1 (free|gratis|gratuit|offert|kostenlos)|(2|due) (per|al prezzo di) (1|uno)|prendi \d,? (e )?paghi \d|(2|deux) pour (1|un|le prix d'un)|\d achetee?s?,? \d offerte?s?|(2|doua|doi) (la pret|pentru pretul) de (1|una|unul)|(2|dos) por (1|uno)|(2|zwei) fur (1|eins|einen)|(2|dois) por (1|um)|leve \d,? pague \d`,

	// A present with it.
	`free gifts?|gifts? with (every|each|any|your) (order|purchase|booking)|in omaggio|un omaggio|(un )?cadeau offert|cadou la (fiecare|orice) comanda|te regalamos|regalo con (tu|cada) (compra|pedido)|gratisgeschenk\pL*|gratis geschenk|geschenk dazu|brindes? (gratis|em cada|na compra)`,

	// Low prices, offers of a day or a season.
	`(low|lowest|reduced|unbeatable|crazy|special|sale) prices?|prezz[oi] (ribassat|bass|pazz|imbattibil|ridott)[oi]|svendit[ae]|fuori tutto|prix (casses?|barres?|bas|imbattables?|speciaux|special|doux)|pret(uri|urile)? (mici|mai mici|redus(e)?|promotional(e)?)|precios? (baj|rebajad|increibl|reducid)[oe]s?|precos? (baixos?|reduzidos?|imbativeis|especiais)`,
	season+` (deals?|offers?|promotions?|sales?)|deals? of the (day|week|month)|last[ -]minute (deals?|offers?)`,
	`offert[ae] (lampo|imperdibil[ei]|limitat[ae]|del (giorno|mese|weekend)|della settimana|estiv[ae]|invernal[ei])|promozion[ei] (estiv[ae]|invernal[ei]|special[ei]|lampo|di (primavera|autunno|natale|pasqua|ferragosto))|buon[oi] (da|del valore di) \d+`,
	`offres? (flash|limitees?|du (jour|mois|moment|week-end)|de la semaine|promotionnelles?|d'(ete|hiver|automne)|de (printemps|noel|rentree))|promotions? ((d'|sur |du |flash)\pL+|de (printemps|noel|paques|rentree))|ventes? (flash|privees?)|bons? plans?|bon de \d+`,
	`oferta (zilei|saptamanii|lunii|limitata|verii|iernii|de (vara|iarna|craciun|paste|weekend))|promotia (zilei|saptamanii|lunii|verii|iernii|de (vara|iarna|craciun|paste))`,
	`ofertas? (flash|relampago|limitadas?|del (dia|mes|verano)|de la semana|de (verano|invierno|navidad)|irresistibles?)|promocion (especial|flash|de (verano|invierno|navidad|primavera|otono))|vale (de )?descuento`,
	`(blitz|tages|wochen|sommer|winter|oster|weihnachts|top|super|spar)(angebot\pL*|aktion(en)?|deals?)|rabattaktion(en)?`,
	`ofertas? (relampago|limitadas?|do (dia|mes)|da semana|de (verao|inverno|natal)|imperdive(l|is))|promocao (especial|relampago|de (verao|inverno|natal|pascoa))`)

// sum is an amount of money, however it is written.
const sum = `(a?\$|€|£|aud|eur|usd) ?\d+([.,]\d+)?|\d+([.,]\d+)? ?(€|£|a?\$|euros?|dollars?|bucks|lei|ron|aud|usd|eur|libras|dolares)`

const season = `(summer|winter|spring|autumn|weekend|holiday|christmas|easter|new year'?s?|opening|flash|hot|great|amazing|unbeatable|daily|weekly|today's)`

var broadWords = wordList(`offers?|deals?|promotions?|offert[ae]|promozion[ei]|offres?|ofert(a|e|ele|elor)|ofertas|promotii|promotiile|promotie|promotia|promocion(es)?|angebote?n?|\pL*aktion(en)?|promoco(es)|promocao|specials?|newsletter|shop|store|negozio|boutique|magazin|tienda|laden|loja`,
	`gifts?|omaggi|omaggio|regal[oi]|cadeaux?|cadou|cadouri|regalos|geschenke?|brindes?|presentes`)

func wordList(lines ...string) *regexp.Regexp {
	return regexp.MustCompile(`(^|[^\pL\pN])(` + strings.Join(lines, "|") + `)($|[^\pL\pN])`)
}

// links are addresses with a scheme, bare ones with a path, and bare hosts under the endings that shops use. The others
// are words of some language too: "see you at 5.be on time".
var links = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>"']+|` + host + `\.[a-z]{2,24}/[^\s<>"']+|` + host +
	`\.(?:com|net|org|shop|store|io|co|me|app|au|it|fr|ro|es|de|pt|eu|uk|nz|br|ly|gl|ch|nl|md|ie|ca|lu|info|biz|online|site|website|web|club|xyz|link|page|blog|sale|deals|shopping|boutique|fashion|travel|tours|beach|surf|cafe|restaurant|bar|beer|wine|pizza|hotel|yoga|fitness|salon|studio|style|gift|gifts|market|world|life|live|today|menu|melbourne|sydney|paris|berlin|koeln|london)\b(?:/[^\s<>"']*)?`)

// host is the name before the ending; letters of any script.
const host = `(?:[\pL\pN-]+\.)*[\pL\pN-]+`
