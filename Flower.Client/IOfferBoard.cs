// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>What a registration tells its owner, one after another, mostly on the loop: nothing here may block.</summary>
internal interface IOfferBoard<in TResponse>
{
    /// <summary>The switchboard says something.</summary>
    ValueTask HandleAsync(TResponse response, OfferOrigin origin);

    /// <summary>It is registered again, after <see cref="Void"/>, with these labels.</summary>
    void Renew(TargetStarted started);

    /// <summary>What was offered so far, and not taken, is void.</summary>
    void Void(Exception why);

    /// <summary>Nothing more comes. Null: it was closed.</summary>
    void End(Exception? why);
}
