// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Tests.Faults;

/// <summary>
/// The calls in which parties are killed, each with all of its steps. Each party has one call, number 1, unless something else is
/// written.
/// </summary>
internal static class Calls
{
    private const string Server = "server", Client = "client", Ingress = "ingress", Egress = "egress", Resolver = "resolver",
        Maker = "maker", Holder = "holder", Revoker = "revoker", Watcher = "watcher", Tap = "tap", Other = "other server";

    // Labels of the targets.
    private const string Name = "program=x";

    /// <summary>All of them.</summary>
    public static IEnumerable<Scenario> All =>
    [
        new(
            "connect, with credit",
            [.. Register(Server, 1), Connect(), Offered(Server), Accept(Server), Connected()])
        { Ends = [Server, Client] },
        new(
            "connect, without credit",
            [.. Register(Server, 0), Connect(), Offered(Server), Accept(Server, isUnseen: false), Delivered(), Connected()])
        { Ends = [Server, Client] },
        new(
            "reject",
            [.. Register(Server, 1), Connect(), Offered(Server), Reject(), new(Client, s => s[Client].HearEnd(1))])
        { Ends = [Server, Client] },
        new(
            "connect that waits",
            [Connect(wait: true), .. Register(Server, 1), Offered(Server), Accept(Server), Connected()])
        { Ends = [Server, Client], MayWait = true },
        new(
            "connect among two servers",
            [
                .. Register(Server, 1, "instance=1", "program=x"), .. Register(Other, 1, "instance=2", "program=x"),
                Connect(balance: Balance.RoundRobin), Offered(Server), Reject(), Offered(Other), Accept(Other), Connected(),
            ])
        { MayWait = true },
        new(
            "push by an ingress, with credit",
            [.. Register(Server, 1), Push(), Offered(Server), Accept(Server), Pushed()]),
        new(
            "push by an ingress, without credit",
            [.. Register(Server, 0), Push(), Offered(Server), Accept(Server, isUnseen: false), Delivered(), Pushed()]),
        new(
            "egress connect",
            [.. RegisterEgress(), Connect(), Asked(), Bring(), Connected()]),
        new(
            "relay by an ingress to an egress",
            [.. RegisterEgress(), Push(relay: true), Asked(), Bring(), Pushed()]),
        new(
            "name resolution",
            [
                .. RegisterResolver(), .. Register(Server, 1), Connect("service=x"), Questioned(), Resolve(), Offered(Server),
                Accept(Server), Connected(),
            ])
        { Ends = [Server, Client] },
        new("constrain", [.. MakeHandle(), ListBy(Holder), Listed(Holder)]),
        new(
            "revoke",
            [
                .. MakeHandle(), .. Register(Holder, 1), Connect(revocable: true), Offered(Holder), Accept(Holder), Connected(),
                FindHandle(), HandleFound(), Revoke(), Revoked(), new(Holder, s => s[Holder].HearEnd(0)),
            ])
        { LogWords = "the handle was revoked" },
        new(
            "watch",
            [
                new(Watcher, s => s[Watcher].Begin(1, "Watch", WatchResponse.Parser, new WatchRequest())),
                new(Watcher, s => s[Watcher].Hear<WatchResponse>(1)),
                .. Register(Server, 1), Connect(), Offered(Server), Accept(Server), Connected(),
                new(Watcher, s => s[Watcher].Hear<WatchResponse>(1)),
            ])
        { Ends = [Server, Client] },
        new(
            "tap",
            [
                .. Register(Server, 1), BeginTap(), new(Tap, s => s[Tap].Hear<TapStartResponse>(1)), Connect(),
                Offered(Server), Accept(Server), Connected(), new(Tap, s => s[Tap].Hear<TapStartResponse>(1)),
            ]),
    ];

    private static Labels Labels(params string[] words) => Flower.Protocol.LabelSet.ParseWords(words).ToMessage();

    private static Step[] Register(string party, uint credit, params string[] words) =>
    [
        new(party, s => s[party].Begin(1, "ServerStart", ServerStartResponse.Parser, new ServerStartRequest
        {
            Start = new() { Labels = Labels(words.Length == 0 ? [Name] : words), Credit = credit },
        })),
        new(party, s => s[party].Hear<ServerStartResponse>(1)),
    ];

    private static Step Connect(
        string word = Name, bool wait = false, Balance balance = Balance.None, bool revocable = false) =>
        new(Client, s => s[Client].Ask(1, "ClientConnect", ClientConnectResponse.Parser, new ClientConnectRequest
        {
            Labels = Labels(word),
            Wait = wait,
            Balance = balance,
            Revocable = revocable,
        }));

    private static Step Connected() => new(Client, s => s[Client].Hear<ClientConnectResponse>(1));

    private static Step Offered(string party) => new(
        party, s => s.Noted = s[party].Hear<ServerStartResponse>(1).Offer.ConnectionId);

    private static Step Accept(string party, bool isUnseen = true) => new(party, s => s[party].Answer(
        1,
        new ServerStartRequest { Answer = new() { ConnectionId = s.Noted, Accept = new() } },
        s.Noted,
        waitsForSocket: !isUnseen));

    private static Step Reject() => new(Server, s =>
    {
        var rejection = new Answer { ConnectionId = s.Noted, Reject = new() { Reason = "busy", Overloaded = true } };
        s[Server].Answer(1, new ServerStartRequest { Answer = rejection }, s.Noted, waitsForSocket: false);
        // A server that refuses closes what it was sent.
        s[Server].Held.ForEach(held => held.Dispose());
        s[Server].Held.Clear();
    });

    private static Step Delivered() => new(Server, s => s[Server].Hear<ServerStartResponse>(1));

    private static Step Push(bool relay = false) => new(Ingress, s => s[Ingress].Ask(
        1,
        "IngressConnect",
        IngressConnectResponse.Parser,
        new IngressConnectRequest { Labels = Labels(Name), Socket = new() { Index = 0 }, Relay = relay },
        s.Outside()));

    private static Step Pushed() => new(Ingress, s => s[Ingress].Hear<IngressConnectResponse>(1));

    private static Step[] RegisterEgress() =>
    [
        new(Egress, s => s[Egress].Begin(1, "EgressStart", EgressStartResponse.Parser, new EgressStartRequest
        {
            Start = new() { Labels = Labels(Name), FixedDestination = true },
        })),
        new(Egress, s => s[Egress].Hear<EgressStartResponse>(1)),
    ];

    private static Step Asked() => new(
        Egress, s => s.Noted = s[Egress].Hear<EgressStartResponse>(1).Offer.ConnectionId);

    private static Step Bring()
    {
        return new(Egress, s =>
        {
            var accept = new Accept { Socket = new() { Index = 0 } };
            s[Egress].Answer(
                1, new EgressStartRequest { Answer = new() { ConnectionId = s.Noted, Accept = accept } }, s.Noted,
                waitsForSocket: false, s.Outside());
        });
    }

    private static Step[] RegisterResolver() =>
    [
        new(Resolver, s => s[Resolver].Begin(1, "ResolverStart", ResolverStartResponse.Parser, new ResolverStartRequest
        {
            Start = new() { Labels = Labels("+service") },
        })),
        new(Resolver, s => s[Resolver].Hear<ResolverStartResponse>(1)),
    ];

    private static Step Questioned() => new(
        Resolver, s => s.Noted = s[Resolver].Hear<ResolverStartResponse>(1).Question.Id);

    private static Step Resolve() => new(Resolver, s => s[Resolver].Answer(
        1,
        new ResolverStartRequest
        {
            Resolution = new() { QuestionId = s.Noted, Targets = { new Resolved { Labels = Labels(Name) } } },
        },
        s.Noted,
        waitsForSocket: false));

    private static Step[] MakeHandle() =>
    [
        new(Maker, s => s[Maker].Ask(1, "Constrain", ConstrainResponse.Parser, new ConstrainRequest
        {
            Rights = { Right.List, Right.ServerStart }, InLabels = Labels("made=here"),
        })),
        new(Maker, s =>
        {
            s[Maker].Hear<ConstrainResponse>(1);
            // It is passed on, and no copy is kept.
            Descriptor handle = s[Maker].Held.Single();
            s[Maker].Held.Clear();
            s.Hand(Holder, handle);
        }),
    ];

    private static Step ListBy(string party) => new(
        party, s => s[party].Ask(1, "List", ListResponse.Parser, new ListRequest()));

    private static Step Listed(string party) => new(party, s => s[party].HearEnd(1));

    private static Step FindHandle() => new(
        Revoker, s => s[Revoker].Ask(1, "Handles", HandlesResponse.Parser, new HandlesRequest()));

    private static Step HandleFound() => new(Revoker, s =>
        s.Noted = s[Revoker].Hear<HandlesResponse>(1).Handles.Single(h => h.InLabels.Labels_.Count == 1).Id);

    private static Step Revoke() => new(Revoker, s => s[Revoker].Ask(
        2, "Revoke", RevokeResponse.Parser, new RevokeRequest { HandleId = s.Noted }));

    private static Step Revoked() => new(Revoker, s => s[Revoker].Hear<RevokeResponse>(2));

    private static Step BeginTap() => new(Tap, s => s[Tap].Begin(1, "TapStart", TapStartResponse.Parser, new TapStartRequest
    {
        Start = new() { Labels = Labels(Name), Credit = 8 },
    }));
}
